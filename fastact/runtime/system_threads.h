/* What the team needs of compiler and operating system: atomic numbers, threads, semaphores, a clock. Nothing here waits for a
   lock: a thread that loses its processor at any point holds up no other. */
#ifndef FASTACT_SYSTEM_THREADS_H
#define FASTACT_SYSTEM_THREADS_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>
#else
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#ifdef __APPLE__
#include <dispatch/dispatch.h>
#else
#include <semaphore.h>
#endif
#endif

/* ---- atomic numbers: every operation is sequentially consistent, and returns the number from before ------------------------ */

#if defined(_MSC_VER) && !defined(__clang__)

typedef volatile long fastact_atomic;
static inline int atomic_read(fastact_atomic *a) { return (int)_InterlockedOr(a, 0); }
static inline int atomic_set(fastact_atomic *a, int to) { return (int)_InterlockedExchange(a, to); }
static inline int atomic_plus(fastact_atomic *a, int n) { return (int)_InterlockedExchangeAdd(a, n); }
static inline int atomic_with(fastact_atomic *a, int bits) { return (int)_InterlockedOr(a, bits); }
static inline int atomic_without(fastact_atomic *a, int bits) { return (int)_InterlockedAnd(a, ~bits); }
static inline int atomic_replace(fastact_atomic *a, int from, int to) { return _InterlockedCompareExchange(a, to, from) == from; }

#else

typedef int fastact_atomic;
static inline int atomic_read(fastact_atomic *a) { return __atomic_load_n(a, __ATOMIC_SEQ_CST); }
static inline int atomic_set(fastact_atomic *a, int to) { return __atomic_exchange_n(a, to, __ATOMIC_SEQ_CST); }
static inline int atomic_plus(fastact_atomic *a, int n) { return __atomic_fetch_add(a, n, __ATOMIC_SEQ_CST); }
static inline int atomic_with(fastact_atomic *a, int bits) { return __atomic_fetch_or(a, bits, __ATOMIC_SEQ_CST); }
static inline int atomic_without(fastact_atomic *a, int bits) { return __atomic_fetch_and(a, ~bits, __ATOMIC_SEQ_CST); }
static inline int atomic_replace(fastact_atomic *a, int from, int to) { /* whether it was `from`, and is `to` now */
    return __atomic_compare_exchange_n(a, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#endif

/* Tell the processor that this thread only waits. */
static inline void processor_pause(void) {
#if defined(_WIN32)
    YieldProcessor();
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* "yield" does nothing on most */
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* Let another thread that waits for this processor have it. */
static inline void processor_yield(void) {
#ifdef _WIN32
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* ---- Windows --------------------------------------------------------------------------------------------------------------- */

#ifdef _WIN32

/* Nanoseconds, from any time on. */
static inline int64_t nanoseconds(void) {
    static LARGE_INTEGER each_second; /* the same whoever asks */
    LARGE_INTEGER now;
    if (!each_second.QuadPart) QueryPerformanceFrequency(&each_second);
    QueryPerformanceCounter(&now);
    return (int64_t)((double)now.QuadPart * (1e9 / (double)each_second.QuadPart));
}

typedef HANDLE system_semaphore;
static inline int semaphore_make(system_semaphore *s) { return (*s = CreateSemaphoreW(NULL, 0, 0x7fffffff, NULL)) != NULL; }
static inline void semaphore_post(system_semaphore *s) { ReleaseSemaphore(*s, 1, NULL); }
static inline void semaphore_wait(system_semaphore *s) { WaitForSingleObject(*s, INFINITE); }

typedef DWORD thread_result;
#define THREAD_CALL WINAPI
/* Start a thread that nobody waits for; whether there is one now. */
static inline int thread_start(thread_result(THREAD_CALL *run)(void *), void *given, size_t stack) {
    HANDLE thread = CreateThread(NULL, stack, run, given, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread != NULL) CloseHandle(thread);
    return thread != NULL;
}

static inline void call_in_forked_children(void (*run)(void)) { (void)run; }

/* ---- POSIX ----------------------------------------------------------------------------------------------------------------- */

#else

static inline int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifdef __APPLE__
typedef dispatch_semaphore_t system_semaphore;
static inline int semaphore_make(system_semaphore *s) { return (*s = dispatch_semaphore_create(0)) != NULL; }
static inline void semaphore_post(system_semaphore *s) { dispatch_semaphore_signal(*s); }
static inline void semaphore_wait(system_semaphore *s) { dispatch_semaphore_wait(*s, DISPATCH_TIME_FOREVER); }
#else
typedef sem_t system_semaphore;
static inline int semaphore_make(system_semaphore *s) { return sem_init(s, 0, 0) == 0; }
static inline void semaphore_post(system_semaphore *s) { sem_post(s); }
static inline void semaphore_wait(system_semaphore *s) {
    while (sem_wait(s) && errno == EINTR) {}
}
#endif

typedef void *thread_result;
#define THREAD_CALL
static inline int thread_start(thread_result (*run)(void *), void *given, size_t stack) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    int failed;
    if (pthread_attr_init(&attributes)) return 0;
    pthread_attr_setstacksize(&attributes, stack);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* A new thread has its maker's mask. Signals are for the program's threads, but faults tell of the thread that has them. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV), sigdelset(&all, SIGBUS), sigdelset(&all, SIGFPE), sigdelset(&all, SIGILL), sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &attributes, run, given);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return !failed;
}

static inline void call_in_forked_children(void (*run)(void)) { pthread_atfork(NULL, NULL, run); }

#endif

#endif
