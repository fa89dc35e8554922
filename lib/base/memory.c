#include "pilot/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void pilot_out_of_memory(void)
{
    static const char line[] = "pilot: out of memory: give the process more, or lower --cache and "
                               "--threads\n";
    (void)!write(STDERR_FILENO, line, sizeof line - 1);
    _exit(70);
}

static size_t checked_product(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX)
        pilot_out_of_memory();
    return bytes ? bytes : 1;
}

void *pilot_alloc(size_t count, size_t size)
{
    void *memory = calloc(1, checked_product(count, size));
    if (!memory)
        pilot_out_of_memory();
    return memory;
}

void *pilot_alloc_raw(size_t count, size_t size)
{
    void *memory = malloc(checked_product(count, size));
    if (!memory)
        pilot_out_of_memory();
    return memory;
}

void *pilot_realloc(void *memory, size_t count, size_t size)
{
    void *grown = realloc(memory, checked_product(count, size));
    if (!grown)
        pilot_out_of_memory();
    return grown;
}

char *pilot_strndup(const char *text, size_t length)
{
    char *copy = pilot_alloc_raw(length + 1, 1);
    if (length > 0)
        memcpy(copy, text, length); /* text may be NULL, as of a message without bytes */
    copy[length] = '\0';
    return copy;
}

char *pilot_strdup(const char *text)
{
    return pilot_strndup(text, strlen(text));
}

char *pilot_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        pilot_out_of_memory();
    return text;
}

void *pilot_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return array;
    size_t wanted = *capacity < 16 ? 16 : *capacity + *capacity / 2;
    if (wanted < needed)
        wanted = needed;
    array = pilot_realloc(array, wanted, size);
    *capacity = wanted;
    return array;
}

void pilot_free_pointer(void *pointer_to_pointer)
{
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}
