/* The size of an ELF library without its symbols: what of the file is loaded. Fails above 2 MiB. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BYTES_MAX = 2 * 1024 * 1024 };

/* Fields of the file's and a program's header, of 64 and of 32 bits. */
typedef struct layout { int table, entry_bytes, entry_count, file_bytes, word; } layout;
static const layout wide = { 32, 54, 56, 32, 8 }, narrow = { 28, 42, 44, 16, 4 };
enum { HEADER_BYTES = 64, ENTRY_BYTES_MAX = 56, LOADED = 1 };

/* Whatever the order of bytes in the file: the fifth of it tells. */
static uint64_t number(const unsigned char *bytes, int count, bool is_big)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[is_big ? i : count - 1 - i];
    return value;
}

/* Bytes that are loaded; 0 if the file is none of its kind. */
static uint64_t loaded_bytes(FILE *file)
{
    unsigned char header[HEADER_BYTES], entry[ENTRY_BYTES_MAX];
    if (fread(header, 1, sizeof header, file) < sizeof header) return 0;
    if (memcmp(header, "\177ELF", 4) != 0) return 0;
    const layout *at = header[4] == 2 ? &wide : &narrow;
    const bool is_big = header[5] == 2;
    const uint64_t table = number(header + at->table, at->word, is_big);
    const uint64_t bytes = number(header + at->entry_bytes, 2, is_big);
    const uint64_t count = number(header + at->entry_count, 2, is_big);
    uint64_t sum = 0;
    if (bytes > sizeof entry || fseek(file, (long)table, SEEK_SET) != 0) return 0;
    for (uint64_t i = 0; i < count; i++) {
        if (fread(entry, 1, bytes, file) < bytes) return 0;
        if (number(entry, 4, is_big) == LOADED)
            sum += number(entry + at->file_bytes, at->word, is_big);
    }
    return sum;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) return 1;
    const uint64_t bytes = loaded_bytes(file);
    const bool is_fine = bytes > 0 && bytes <= BYTES_MAX;
    fclose(file);
    printf("the library without symbols: %llu bytes of %d\n", (unsigned long long)bytes, BYTES_MAX);
    printf("%d passed, %d failed\n", is_fine, !is_fine);
    return is_fine ? 0 : 1;
}
