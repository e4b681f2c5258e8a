/* The team of threads as an engine sees it. Its module hands it over in a capsule, so that the engines need no OpenMP themselves.
   Where that module is missing, everything runs on the calling thread. */
#ifndef FASTACT_TEAM_H
#define FASTACT_TEAM_H

#include <stddef.h>

/* Runs one chunk of a job, of those that are numbered from 0. It saves and restores its thread's floating-point flags. */
typedef void (*fastact_run_chunk)(void *job, ptrdiff_t chunk);

typedef struct {
    int (*threads)(void); /* how many a call of this thread may use now */
    void (*run)(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks, int threads);
} fastact_team;

#define FASTACT_TEAM_CAPSULE "fastact.runtime.team"

static const fastact_team *the_team = NULL; /* each engine's own, set at its import by `team_join` */
static inline void team_join(const void *team) { the_team = (const fastact_team *)team; }

/* How many threads the calling thread may use now, at least 1: 1 in a forked child and within a chunk. */
static inline int team_threads(void) { return the_team ? the_team->threads() : 1; }

/* Runs the chunks of a job, 0 to chunks - 1, on at most `team_threads()` threads, and returns when all are done. Where another
   thread of the program uses the team, the calling thread runs them alone. */
static inline void team_run(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks) {
    int threads = chunks > 1 ? team_threads() : 1;
    if (threads > 1) the_team->run(run_chunk, job, chunks, threads < chunks ? threads : (int)chunks);
    else
        for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) run_chunk(job, chunk);
}

#endif
