/* The team of threads as the engines see it. They fetch it through a capsule, so that they need no OpenMP themselves; where its
   module is missing, everything runs on the calling thread. */
#ifndef FASTACT_TEAM_H
#define FASTACT_TEAM_H

#include <stddef.h>

/* One part of a job, of those that are numbered from 0. It saves and restores its thread's floating-point flags. */
typedef void (*fastact_work)(void *job, ptrdiff_t part);

typedef struct {
    int (*threads)(void);
    void (*run)(fastact_work work, void *job, ptrdiff_t parts, int threads);
} fastact_team;

#define FASTACT_TEAM_CAPSULE "fastact.runtime.team"

static const fastact_team *the_team = NULL; /* each engine's own, set at its import */
static inline void team_join(const void *team) { the_team = (const fastact_team *)team; }

/* How many threads the calling thread may use now: 1 in a forked child and within a part. */
static inline int team_threads(void) { return the_team ? the_team->threads() : 1; }

/* work(job, 0) to work(job, parts - 1), shared out among at most `team_threads()`; returns when all are done. On the calling
   thread alone where another one uses the team. */
static inline void team_run(fastact_work work, void *job, ptrdiff_t parts) {
    int threads = parts > 1 ? team_threads() : 1;
    if (threads > 1) the_team->run(work, job, parts, threads < parts ? threads : (int)parts);
    else
        for (ptrdiff_t part = 0; part < parts; part++) work(job, part);
}

#endif
