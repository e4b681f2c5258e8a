/* The team of threads on OpenMP. Only team.pyx includes this; no other module is linked with OpenMP's library. */
#ifndef FASTACT_OPENMP_H
#define FASTACT_OPENMP_H

#include "team.h"
#include <omp.h>
#ifndef _WIN32
#include <pthread.h>
#endif

static int limit = 0;   /* the threads asked for; 0: as many as OpenMP says */
static int initial = 0; /* what OpenMP said in the beginning */
static int most = 0;    /* threads, whoever asks */
static int forked = 0;
static omp_lock_t in_use;

/* A forked child uses no team: GNU's library would wait there for threads that only the parent has. */
static void after_fork(void) { forked = 1; }

static int threads_now(void) {
    int allowed = omp_get_max_threads();
    if (forked || omp_in_parallel()) return 1;
    /* OMP_NUM_THREADS may be larger than an int, which GNU's library cuts off: what is left may be 0 or negative. */
    if (allowed < 1) allowed = most;
    /* Where OpenMP's number has changed, somebody such as threadpoolctl has set it: it is then a limit, too. */
    if (limit > 0 && (allowed == initial || limit < allowed)) allowed = limit;
    return allowed < most ? allowed : most;
}

/* Of many chunks a thread that is free takes the next. Where there is one for each thread, a thread always takes the same: its
   cache may still hold what it needs (4 % faster for relu of 1 M elements). */
static void run_chunks(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks, int threads) {
    int shared = omp_test_lock(&in_use); /* not if another thread of the program uses the processors */
#pragma omp parallel num_threads(threads) if (shared)
    {
        ptrdiff_t chunk;
        if (chunks > threads) {
#pragma omp for schedule(dynamic, 1)
            for (chunk = 0; chunk < chunks; chunk++) run_chunk(job, chunk);
        } else
            for (chunk = omp_get_thread_num(); chunk < chunks; chunk += omp_get_num_threads()) run_chunk(job, chunk);
    }
    if (shared) omp_unset_lock(&in_use);
}

static const fastact_team openmp_team = {threads_now, run_chunks};

static void start_team(void) {
    int processors = omp_get_num_procs();
    omp_init_lock(&in_use);
    initial = omp_get_max_threads();
    /* More threads than processors wait for one another. 16 are allowed anywhere, to try what several threads do. Many more are
       not: where the system gives no more threads, the library ends the process. */
    most = processors > 16 ? processors : 16;
#ifndef _WIN32
    pthread_atfork(NULL, NULL, after_fork);
#endif
}

#endif
