/* See ages.h. */

#define _GNU_SOURCE /* memmem */
#include "ages.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients.h"

enum { MOST_AGES = 1 << 20, LONGEST_PATH = 1024 };

static int64_t ages[MOST_AGES];
static size_t count;

/* Return what follows a text in the message, or NULL. */
static const char *
behind(const char *message, size_t length, const char *text)
{
    const char *found = memmem(message, length, text, strlen(text));
    return found == NULL ? NULL : found + strlen(text);
}

static void
write_ages(const char *path)
{
    char draft[LONGEST_PATH + sizeof ".draft"];
    snprintf(draft, sizeof draft, "%s.draft", path);
    FILE *file = fopen(draft, "w");
    if (file == NULL) {
        fail("open the report");
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%lld\n", (long long)ages[i]);
    }
    if (fclose(file) || rename(draft, path)) {
        fail("write the report");
    }
    count = 0;
}

bool
note_age(const char *message, size_t length)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (behind(message, length, "\"type\":\"lone\"") == NULL) {
        return false;
    }
    const char *stamp = behind(message, length, "\"~~~~"), *report = behind(message, length, "\"report\":\"");
    const char *end = report == NULL ? NULL : memchr(report, '"', (size_t)(message + length - report));
    if (end != NULL && end - report < LONGEST_PATH) {
        char path[LONGEST_PATH];
        memcpy(path, report, (size_t)(end - report));
        path[end - report] = '\0';
        write_ages(path);
    } else if (stamp != NULL && count < MOST_AGES) {
        ages[count++] = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - strtoll(stamp, NULL, 10);
    }
    return true;
}
