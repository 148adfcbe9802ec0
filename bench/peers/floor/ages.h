/* Ages of lone messages: the twin of lone_handler.py. */

#ifndef AGES_H
#define AGES_H

#include <stdbool.h>
#include <stddef.h>

/* Note how old a lone message is, or write the ages so far to the file that it names. Return false for any other. */
bool note_age(const char *message, size_t length);

#endif
