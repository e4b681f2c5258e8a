/* The team of threads as an engine sees it. Its module hands it over in a capsule, so that all engines share one. */
#ifndef FASTACT_TEAM_H
#define FASTACT_TEAM_H

#include <stddef.h>

/* Runs one chunk of a job, of those that are numbered from 0, on the worker with this number: 0 is the caller, and all are
   smaller than the job's number of threads. It saves and restores its thread's floating-point flags. */
typedef void (*fastact_run_chunk)(void *job, ptrdiff_t chunk, int worker);

typedef struct {
    int (*threads)(void); /* how many a call should use now, at least 1 */
    /* Runs the chunks of a job on at most so many threads, and returns when all are done. The calling thread may have to run them
       alone: so it does where another uses the team, in a chunk of another job too. */
    void (*run)(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks, int threads);
} fastact_team;

#define FASTACT_TEAM_CAPSULE "fastact.runtime.team"

static const fastact_team *the_team; /* each engine's own, set at its import */
static inline void team_join(const void *team) { the_team = (const fastact_team *)team; }
static inline int team_threads(void) { return the_team->threads(); }
static inline void team_run(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks, int threads) {
    the_team->run(run_chunk, job, chunks, threads < chunks ? threads : (int)chunks);
}

#endif
