/* Threads claim one item after the other, so it does not matter how many really start. */
#include "support/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

enum { THREADS_MAX = 64 };

typedef struct job {
    int64_t count;
    void (*work)(void *user, int64_t item);
    void *user;
    _Atomic int64_t next;
} job;

static void *claim(void *argument)
{
    job *j = argument;
    for (int64_t item = j->next++; item < j->count; item = j->next++) j->work(j->user, item);
    return NULL;
}

static int threads_useful(void)
{
#if defined(_SC_NPROCESSORS_ONLN)
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > THREADS_MAX ? THREADS_MAX : (int)count;
#else
    return 4; /* more than there are cost little */
#endif
}

void test_parallel(int64_t count, void (*work)(void *user, int64_t item), void *user)
{
    job j = { .count = count, .work = work, .user = user };
    pthread_t thread[THREADS_MAX];
    int started = 0;
    const int wanted = threads_useful() - 1;
    while (started < wanted && pthread_create(&thread[started], NULL, claim, &j) == 0) started++;
    claim(&j);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
}
