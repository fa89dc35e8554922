/* Each agency has a block in memory that is written when it is full, as one extent of the file:
 * one descriptor and one sequential write stream, however many agencies there are. */
#include "intake_spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pilot/memory.h"

#define MEMORY_BOUND ((size_t)48 << 20)
#define LARGEST_BLOCK ((size_t)16 << 10)
#define SMALLEST_BLOCK ((size_t)256)

struct extent {
    uint64_t offset;
    uint32_t length;
};

struct pile {
    struct extent *extent;
    size_t extents, extent_capacity;
    char *block;
    uint32_t used, capacity;
};

struct pilot_spill {
    int fd;
    uint64_t end;
    struct pile *pile; /* by agency */
    size_t piles, pile_capacity;
    size_t block_size, block_memory;
};

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

pilot_status_t pilot_temporary_open(int *ret_fd, pilot_error_t *error)
{
    const char *folder = temporary_folder();
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        /* Some file systems have no nameless files: a name for a moment. */
        PILOT_AUTOFREE char *path = pilot_format("%s/pilot-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        return pilot_error_set(error, PILOT_E_FILE,
                               "%s: cannot make a temporary file: %s; set TMPDIR to a folder with "
                               "room",
                               folder, strerror(errno));
    *ret_fd = fd;
    return PILOT_OK;
}

pilot_status_t pilot_spill_open(pilot_spill_t **ret_spill, pilot_error_t *error)
{
    int fd = -1;
    pilot_status_t status = pilot_temporary_open(&fd, error);
    if (status)
        return status;
    pilot_spill_t *spill = PILOT_NEW(pilot_spill_t);
    spill->fd = fd;
    spill->block_size = LARGEST_BLOCK;
    *ret_spill = spill;
    return PILOT_OK;
}

void pilot_spill_close(pilot_spill_t *spill)
{
    if (!spill)
        return;
    for (size_t i = 0; i < spill->piles; i++) {
        free(spill->pile[i].block);
        free(spill->pile[i].extent);
    }
    free(spill->pile);
    close(spill->fd);
    free(spill);
}

static pilot_status_t file_error(const char *verb, int reason, pilot_error_t *error)
{
    return pilot_error_set(error, PILOT_E_FILE,
                           "%s: cannot %s a temporary file: %s; set TMPDIR to a folder with room",
                           temporary_folder(), verb, strerror(reason));
}

pilot_status_t pilot_spill_write(pilot_spill_t *spill, const void *bytes, size_t length,
                                 uint64_t *ret_offset, pilot_error_t *error)
{
    const char *from = bytes;
    *ret_offset = spill->end;
    while (length > 0) {
        ssize_t done = pwrite(spill->fd, from, length, (off_t)spill->end);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return file_error("write", done < 0 ? errno : ENOSPC, error);
        from += done;
        length -= (size_t)done;
        spill->end += (uint64_t)done;
    }
    return PILOT_OK;
}

pilot_status_t pilot_spill_read(pilot_spill_t *spill, uint64_t offset, void *bytes, size_t length,
                                pilot_error_t *error)
{
    char *into = bytes;
    while (length > 0) {
        ssize_t done = pread(spill->fd, into, length, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return file_error("read", done < 0 ? errno : EIO, error);
        into += done;
        length -= (size_t)done;
        offset += (uint64_t)done;
    }
    return PILOT_OK;
}

static pilot_status_t write_block(pilot_spill_t *spill, struct pile *pile, const void *bytes,
                                  uint32_t length, pilot_error_t *error)
{
    uint64_t offset;
    pilot_status_t status = pilot_spill_write(spill, bytes, length, &offset, error);
    if (status)
        return status;
    pile->extent =
        pilot_grow(pile->extent, &pile->extent_capacity, pile->extents + 1, sizeof *pile->extent);
    pile->extent[pile->extents++] = (struct extent){.offset = offset, .length = length};
    return PILOT_OK;
}

static pilot_status_t flush_pile(pilot_spill_t *spill, struct pile *pile, pilot_error_t *error)
{
    if (pile->used == 0)
        return PILOT_OK;
    pilot_status_t status = write_block(spill, pile, pile->block, pile->used, error);
    pile->used = 0;
    return status;
}

pilot_status_t pilot_spill_flush(pilot_spill_t *spill, pilot_error_t *error)
{
    for (size_t i = 0; i < spill->piles; i++) {
        struct pile *pile = &spill->pile[i];
        pilot_status_t status = flush_pile(spill, pile, error);
        if (status)
            return status;
        free(pile->block);
        pile->block = NULL;
        pile->capacity = 0;
    }
    spill->block_memory = 0;
    return PILOT_OK;
}

/* More agencies than blocks fit in memory: write all, go on with blocks of half the size. */
static pilot_status_t make_block(pilot_spill_t *spill, struct pile *pile, pilot_error_t *error)
{
    if (spill->block_memory + spill->block_size > MEMORY_BOUND) {
        pilot_status_t status = pilot_spill_flush(spill, error);
        if (status)
            return status;
        if (spill->block_size > SMALLEST_BLOCK)
            spill->block_size /= 2;
    }
    pile->block = pilot_alloc_raw(spill->block_size, 1);
    pile->capacity = (uint32_t)spill->block_size;
    spill->block_memory += spill->block_size;
    return PILOT_OK;
}

static struct pile *pile_of(pilot_spill_t *spill, uint32_t agency)
{
    if (agency >= spill->piles) {
        spill->pile =
            pilot_grow(spill->pile, &spill->pile_capacity, (size_t)agency + 1, sizeof *spill->pile);
        memset(spill->pile + spill->piles, 0,
               ((size_t)agency + 1 - spill->piles) * sizeof *spill->pile);
        spill->piles = (size_t)agency + 1;
    }
    return &spill->pile[agency];
}

pilot_status_t pilot_spill_add(pilot_spill_t *spill, const pilot_record_t *record,
                               pilot_error_t *error)
{
    struct pile *pile = pile_of(spill, record->agency);
    pilot_status_t status = PILOT_OK;
    if (pile->capacity - pile->used < record->size && pile->used > 0)
        status = flush_pile(spill, pile, error);
    if (!status && record->size > spill->block_size)
        return write_block(spill, pile, record, record->size, error);
    if (!status && pile->capacity < record->size) {
        spill->block_memory -= pile->capacity;
        free(pile->block);
        pile->block = NULL;
        pile->capacity = 0;
        status = make_block(spill, pile, error);
    }
    if (status)
        return status;
    memcpy(pile->block + pile->used, record, record->size);
    pile->used += record->size;
    return PILOT_OK;
}

size_t pilot_spill_next_length(const pilot_spill_t *spill, const pilot_spill_cursor_t *cursor)
{
    if (cursor->agency >= spill->piles)
        return 0;
    const struct pile *pile = &spill->pile[cursor->agency];
    return cursor->extent < pile->extents ? pile->extent[cursor->extent].length : 0;
}

pilot_status_t pilot_spill_next(pilot_spill_t *spill, pilot_spill_cursor_t *cursor, void *bytes,
                                pilot_error_t *error)
{
    const struct extent *extent = &spill->pile[cursor->agency].extent[cursor->extent++];
    return pilot_spill_read(spill, extent->offset, bytes, extent->length, error);
}
