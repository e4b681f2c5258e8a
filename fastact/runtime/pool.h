/* The team's helpers: threads of our own, which sleep while there is nothing to do. Only team.pyx includes this.

   A caller opens a job, and takes its chunks itself until none is left. A helper that is awake by then takes chunks, too. The
   caller waits for nothing but a chunk that a helper has begun. So a helper that gets no processor costs no more than the attempt
   to wake it, and that is made only where it should pay. docs/decisions/9-helpers.md has the reasons. */
#ifndef FASTACT_POOL_H
#define FASTACT_POOL_H

#include "system_threads.h"
#include "team.h"

#define MOST_THREADS 4096
#define MOST_CHUNKS (1 << 30)
#define STACK ((size_t)1 << 20) /* bytes, for a chunk's tiles; memory is used only as far as it is written */
#define TRIES_LATER 1000        /* calls until a system that refused a thread is asked again */

/* Nanoseconds */
#define SPIN 8000               /* a helper looks out for the next job that long after one has ended, then it sleeps */
#define LONGEST_SPIN 50000      /* and that long in all, where the caller is still at its last chunk */
#define FIRST_DELAY 30000       /* how long a helper takes to come, before that was ever measured */
#define LEAST_DELAY 5000        /* and the least that is believed */
#define MOST_DELAY 1000000000
#define LONGEST_WATCH 100000    /* a caller watches for the last helper to leave, then it sleeps: they may share a processor */
#define BEARABLE_LOSS 20000     /* for which helpers are not sent away */
#define PAUSE_FOR_LOSS 32       /* times as long as helpers held the caller up, it does without them */
#define LONGEST_PAUSE 1000000000

/* Parts of `gate` */
#define INSIDE 0x1fff /* how many helpers are in the job */
#define WAITING 0x2000 /* the caller sleeps until the last has left */
#define OPEN 0x4000    /* helpers may enter */
#define THREADS_SHIFT 15 /* above: of how many threads the job is */

/* One of the team: the caller is number 0, its helpers follow. The last field keeps others from the same cache lines. */
typedef struct {
    fastact_atomic next; /* of this worker's part of the job: the first chunk that nobody has taken */
    int end;
    fastact_atomic asleep; /* or about to be. Who sets this to 0 must post `wake` */
    int64_t called;        /* when it was last woken */
    system_semaphore wake;
    char apart[256 - 3 * sizeof(int) - sizeof(int64_t) - sizeof(system_semaphore)];
} Worker;

static Worker workers[MOST_THREADS]; /* memory is used for those that there are */

typedef struct {
    /* Everything about the open job is reached through this. A helper counts itself in before it looks at anything else, and none
       can enter once the job is closed. */
    fastact_atomic gate;
    char apart[124];
    fastact_run_chunk run_chunk;
    void *job;
    int threads;
    system_semaphore left; /* posted by the last helper to leave, where the caller waits */

    fastact_atomic started, wanted, refused; /* helpers that there are; threads asked for last; calls until more are tried */
    fastact_atomic delay;                    /* nanoseconds: how long a helper took to come, of late */
    fastact_atomic paused_until;             /* in `ticks`; 0: there is no pause */

    fastact_atomic in_use; /* by one caller, to which the rest belongs */
    int64_t ended;         /* when the last job did */
    int64_t missed;        /* how long callers have worked alone in jobs that followed each other closely */
    int64_t lost;          /* by how much jobs took longer than without helpers, less what others gained */
} Team;

static Team team;

/* How many threads may be used */
static fastact_atomic limit;   /* the number asked for; 0: the default */
static fastact_atomic ceiling; /* what threadpoolctl sets; the default unless it did */
static int by_default = 1, most = 1;

/* For tests: helpers wait for the next job as long as it takes, and are woken for any; and the system refuses threads. */
static int eager = 0, refusing = 0;

static int threads_allowed(void) {
    int allowed = atomic_read(&ceiling), asked = atomic_read(&limit);
    if (asked > 0 && (allowed == by_default || asked < allowed)) allowed = asked;
    if (allowed < 1) return 1;
    return allowed < most ? allowed : most;
}

static int ticks(int64_t time) { return (int)(unsigned)(time >> 16); }

static int pausing(void) {
    int until = atomic_read(&team.paused_until), left;
    if (until == 0) return 0;
    left = (int)((unsigned)until - (unsigned)ticks(nanoseconds())); /* ticks begin anew after 78 hours */
    if (left > 0 && left <= ticks(LONGEST_PAUSE) + 1) return 1;
    atomic_replace(&team.paused_until, until, 0);
    return 0;
}

/* A call does not share out its work while another does, nor in a pause: in one piece it is done sooner. */
static int threads_now(void) {
    int threads = threads_allowed();
    if (threads == 1 || eager) return threads;
    return atomic_read(&team.in_use) || pausing() ? 1 : threads;
}

/* ---- chunks ---------------------------------------------------------------------------------------------------------------- */

/* Divide the chunks into a part for each thread, which begins with its own: in the next call on the same arrays its cache may
   still hold what it needs. */
static void share_out(int chunks, int threads) {
    for (int k = 0; k < threads; k++) {
        workers[k].end = (int)((int64_t)chunks * (k + 1) / threads);
        atomic_set(&workers[k].next, (int)((int64_t)chunks * k / threads));
    }
}

/* Run at most so many chunks that nobody has taken, one's own first; how many there were. */
static int take_chunks(int me, int at_most) {
    int taken = 0;
    for (int k = 0; k < team.threads; k++) {
        Worker *part = &workers[(me + k) % team.threads];
        while (atomic_read(&part->next) < part->end) {
            int chunk = atomic_plus(&part->next, 1);
            if (chunk >= part->end) break;
            team.run_chunk(team.job, chunk, me);
            if (++taken == at_most) return taken;
        }
    }
    return taken;
}

/* ---- helpers --------------------------------------------------------------------------------------------------------------- */

static thread_result THREAD_CALL help(void *number);

/* Start one more helper if so many threads are wanted. It starts the next itself, so a call waits for one start at most. */
static void start_next(int threads) {
    int number = atomic_read(&team.started) + 1;
    if (number >= threads) return;
    if (atomic_read(&team.refused) > 0) {
        atomic_plus(&team.refused, -1);
        return;
    }
    if (!atomic_replace(&team.started, number - 1, number)) return;
    if (!refusing && (number > 1 || semaphore_make(&team.left)) && semaphore_make(&workers[number].wake)
        && thread_start(help, (void *)(intptr_t)number, STACK))
        return;
    atomic_set(&team.refused, TRIES_LATER);
    atomic_replace(&team.started, number, number - 1); /* unless another has started meanwhile: then this number is left out */
}

/* Wake the helpers below this worker in a tree of all. Whom it wakes wakes those below itself: that takes no longer for many. */
static void wake_below(int me, int threads) {
    for (int k = 2 * me + 1; k <= 2 * me + 2; k++) {
        if (k >= threads || k > atomic_read(&team.started)) return;
        if (atomic_read(&workers[k].asleep) && atomic_set(&workers[k].asleep, 0)) {
            workers[k].called = nanoseconds();
            semaphore_post(&workers[k].wake);
        } else
            wake_below(k, threads);
    }
}

static int is_open_to(int gate, int me) { return (gate & OPEN) && me < gate >> THREADS_SHIFT; }

/* Whether this helper is counted in. */
static int enter(int me) {
    int gate = atomic_read(&team.gate);
    while (is_open_to(gate, me)) {
        if (atomic_replace(&team.gate, gate, gate + 1)) return 1;
        gate = atomic_read(&team.gate);
    }
    return 0;
}

/* Nothing of the job may be touched from here on. */
static void leave(void) {
    int gate;
    atomic_without(&team.gate, OPEN); /* nothing was left to take */
    gate = atomic_plus(&team.gate, -1);
    if ((gate & WAITING) && (gate & INSIDE) == 1) semaphore_post(&team.left);
}

/* Look out for a job for a while; whether one was entered. Whoever needs this processor gets it meanwhile, maybe the caller. */
static int watch(int me) {
    int64_t now = nanoseconds(), last = now + (eager ? 20 : 1) * LONGEST_SPIN, until = now + SPIN;
    do {
        for (int k = 0; k < 8; k++) {
            if (enter(me)) return 1;
            processor_pause();
        }
        processor_yield();
        now = nanoseconds();
        if (eager || atomic_read(&team.in_use)) until = now + SPIN;
    } while (now < until && now < last);
    return 0;
}

/* What was measured last counts at once where it is longer, and by a quarter where it is shorter. */
static void note_delay(int64_t delay) {
    int before = atomic_read(&team.delay);
    int now = delay < LEAST_DELAY ? LEAST_DELAY : delay > MOST_DELAY ? MOST_DELAY : (int)delay;
    atomic_set(&team.delay, now > before ? now : before - (before - now) / 4);
}

static void sleep_till_called(int me) {
    Worker *worker = &workers[me];
    atomic_set(&worker->asleep, 1);
    /* A job that was opened before the caller could see this, if it has not been seen by now: back to it. */
    if (is_open_to(atomic_read(&team.gate), me) && atomic_set(&worker->asleep, 0)) return;
    semaphore_wait(&worker->wake);
    note_delay(nanoseconds() - worker->called);
}

static thread_result THREAD_CALL help(void *number) {
    int me = (int)(intptr_t)number, called = 1;
    start_next(atomic_read(&team.wanted));
    while (me) { /* for ever */
        if (watch(me)) {
            if (called) wake_below(me, team.threads);
            called = 0;
            take_chunks(me, MOST_CHUNKS);
            leave();
        } else {
            sleep_till_called(me);
            called = 1;
        }
    }
    return 0;
}

/* ---- the caller ------------------------------------------------------------------------------------------------------------ */

static int somebody_is_missing(int threads) {
    if (atomic_read(&team.started) < threads - 1) return 1;
    for (int k = 1; k < threads; k++)
        if (atomic_read(&workers[k].asleep)) return 1;
    return 0;
}

/* Wake or start helpers if the rest of the job takes longer than they take to come. Jobs too short for that count together if
   they follow each other closely: helpers that come for one stay awake for the next. */
static void call_helpers(int64_t rest, int threads) {
    int delay = atomic_read(&team.delay);
    if (!eager && team.missed + rest < 2 * (int64_t)delay) {
        if (delay > LEAST_DELAY) atomic_set(&team.delay, delay - delay / 32); /* to be tried again, some day */
        return;
    }
    team.missed = 0;
    wake_below(0, threads);
    start_next(threads);
}

/* When the last helper has left. A helper needs no more than a chunk's time, unless it has lost its processor. */
static int64_t wait_for_helpers(int64_t now, int64_t chunk_time) {
    int64_t until = now + (2 * chunk_time < LONGEST_WATCH ? 2 * chunk_time : LONGEST_WATCH) + LEAST_DELAY;
    while (atomic_read(&team.gate) & INSIDE) {
        processor_pause();
        if (nanoseconds() < until) continue;
        if (atomic_with(&team.gate, WAITING) & INSIDE) semaphore_wait(&team.left);
        break;
    }
    return nanoseconds();
}

/* Do without helpers for a while where they hold the caller up. What is lost is a small part of the time, then. */
static void weigh(int64_t loss, int64_t now) {
    team.lost += loss;
    if (team.lost < 0 || eager) team.lost = 0;
    if (team.lost < BEARABLE_LOSS) return;
    if (team.lost > LONGEST_PAUSE / PAUSE_FOR_LOSS) team.lost = LONGEST_PAUSE / PAUSE_FOR_LOSS;
    atomic_set(&team.paused_until, ticks(now + team.lost * PAUSE_FOR_LOSS) | 1);
    team.lost = 0;
}

/* Run a job that helpers may enter. */
static void lead(fastact_run_chunk run_chunk, void *job, int chunks, int threads, int64_t began) {
    int64_t now, busy;
    int own, entered;
    if (began - team.ended > SPIN) team.missed = 0;
    team.run_chunk = run_chunk, team.job = job, team.threads = threads;
    atomic_set(&team.wanted, threads);
    share_out(chunks, threads);
    atomic_set(&team.gate, threads << THREADS_SHIFT | OPEN);
    own = take_chunks(0, 1);
    if (somebody_is_missing(threads)) call_helpers((nanoseconds() - began) * (chunks - 1), threads);
    own += take_chunks(0, MOST_CHUNKS);
    entered = atomic_without(&team.gate, OPEN) & INSIDE;
    now = nanoseconds(), busy = now - began;
    if (entered) now = wait_for_helpers(now, busy / (own + 1));
    if (own == chunks) team.missed += busy;
    if (own > 0 && (entered || own < chunks)) weigh(now - began - (int64_t)((double)busy * chunks / own), now);
    team.ended = now;
}

static void run_chunks(fastact_run_chunk run_chunk, void *job, ptrdiff_t chunks, int threads) {
    if (chunks < MOST_CHUNKS && !atomic_set(&team.in_use, 1)) {
        lead(run_chunk, job, (int)chunks, threads, nanoseconds());
        atomic_set(&team.in_use, 0);
    } else
        for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) run_chunk(job, chunk, 0);
}

/* threadpoolctl knows this library by it. */
#ifdef _WIN32
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
int fastact_team_of_threads = 1;

static const fastact_team the_pool = {threads_now, run_chunks};

/* ---- set-up ---------------------------------------------------------------------------------------------------------------- */

static void forget_helpers(void) {
    atomic_set(&team.gate, 0), atomic_set(&team.in_use, 0);
    atomic_set(&team.started, 0), atomic_set(&team.refused, 0);
    atomic_set(&team.delay, FIRST_DELAY), atomic_set(&team.paused_until, 0);
    team.ended = team.missed = team.lost = 0;
}

/* The helpers are threads of the parent's. A child is often one of many: it uses one thread until it asks for more. */
static void after_fork(void) {
    forget_helpers();
    atomic_set(&limit, 1);
}

static void set_up(int threads, int at_most) {
    static int done = 0;
    by_default = threads;
    most = at_most < MOST_THREADS ? at_most : MOST_THREADS;
    atomic_set(&ceiling, threads);
    if (done) return; /* another interpreter has */
    done = 1;
    forget_helpers();
    call_in_forked_children(after_fork);
}

#endif
