/* The team of threads on OpenMP. Only team.pyx includes this, and is the only module linked with OpenMP's library. */
#ifndef FASTACT_OPENMP_H
#define FASTACT_OPENMP_H

#include "team.h"
#include <omp.h>
#ifndef _WIN32
#include <pthread.h>
#endif

static int limit = 0;   /* what was asked for; 0: what OpenMP says */
static int initial = 0; /* what OpenMP said in the beginning */
static int most = 0;
static int forked = 0;
static omp_lock_t in_use;

/* GNU's library hangs in a forked child that starts a team: the threads that it believes to have stayed behind. */
static void after_fork(void) { forked = 1; }

static int threads_now(void) {
    int allowed = omp_get_max_threads();
    if (forked || omp_in_parallel()) return 1;
    if (limit > 0 && (allowed == initial || limit < allowed)) allowed = limit; /* else somebody, as threadpoolctl, has set less */
    return allowed < most ? allowed : most;
}

static void run_parts(fastact_work work, void *job, ptrdiff_t parts, int threads) {
    int shared = omp_test_lock(&in_use); /* else another thread of the program has the processors */
#pragma omp parallel num_threads(threads) if (shared)
    {
        ptrdiff_t part;
        if (parts > threads) { /* whoever is free takes the next */
#pragma omp for schedule(dynamic, 1)
            for (part = 0; part < parts; part++) work(job, part);
        } else /* always the same one, whose cache may still hold it: relu of 1 M elements takes 144 us, not 150 */
            for (part = omp_get_thread_num(); part < parts; part += omp_get_num_threads()) work(job, part);
    }
    if (shared) omp_unset_lock(&in_use);
}

static const fastact_team openmp_team = {threads_now, run_parts};

static void start_team(void) {
    int processors = omp_get_num_procs();
    omp_init_lock(&in_use);
    initial = omp_get_max_threads();
    /* More threads than processors wait for one another. Some are let through, to try anywhere what several threads do; but where
       the system gives no more threads, the library ends the process. */
    most = processors > 16 ? processors : 16;
#ifndef _WIN32
    pthread_atfork(NULL, NULL, after_fork);
#endif
}

#endif
