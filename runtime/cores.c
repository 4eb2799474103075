/* The processors of a thread. A thread that waits by spinning is often put on the processor of
 * the one that woke it, where it waits for itself; tied to another one it is at work at once.
 * Threads of the pool are the host's too, so what was allowed before is put back. Linux alone:
 * libuv has no such call in the versions that are common, and elsewhere this does nothing. */
#include "runtime/internal.h"

#if defined(__linux__)

#include <sched.h>
#include <string.h>

static_assert(sizeof(cpu_set_t) == sizeof(wg__cores), "as many processors");

int wg__cores_here(void)
{
    return sched_getcpu();
}

bool wg__cores_pin(int first, int worker, wg__cores *before)
{
    cpu_set_t allowed;
    cpu_set_t one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
    if (first < 0 || worker >= CPU_COUNT(&allowed)) return false;
    int core = first;
    for (int behind = 0; behind < worker;) {
        core = (core + 1) % CPU_SETSIZE;
        behind += CPU_ISSET(core, &allowed) != 0;
    }
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    memcpy(before, &allowed, sizeof allowed);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

void wg__cores_put_back(const wg__cores *before)
{
    cpu_set_t allowed;
    memcpy(&allowed, before, sizeof allowed);
    sched_setaffinity(0, sizeof allowed, &allowed);
}

#else

int wg__cores_here(void)
{
    return WG__NOWHERE;
}

bool wg__cores_pin(int first, int worker, wg__cores *before)
{
    (void)first, (void)worker, (void)before;
    return false;
}

void wg__cores_put_back(const wg__cores *before)
{
    (void)before;
}

#endif
