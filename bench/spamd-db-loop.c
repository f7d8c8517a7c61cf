/*
 * What spamlogd does for each address, through Debian's libdb1-compat, to measure against. Reads addresses from
 * standard input:
 *
 *   each FILE        for each address opens and locks the database, gets, puts and closes
 *   fill FILE BYTES  makes the database with pages of so many bytes, opens it once and puts
 *   wait FILE        waits for the lock at each byte, and lets go of it again
 *
 * Prints the seconds that "each" took, and the seconds with one fsync(2) at the end, which spamlogd leaves out; or when
 * by the monotonic clock "wait" had the lock.
 */
#include <sys/file.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* From db.h of 4.4BSD; the library comes without it. */
typedef struct {
	void *data;
	size_t size;
} DBT;

typedef struct db {
	int type;
	int (*close)(struct db *);
	int (*del)(const struct db *, const DBT *, unsigned);
	int (*get)(const struct db *, const DBT *, DBT *, unsigned);
	int (*put)(const struct db *, DBT *, const DBT *, unsigned);
	int (*seq)(const struct db *, DBT *, DBT *, unsigned);
	int (*sync)(const struct db *, unsigned);
	void *internal;
	int (*fd)(const struct db *);
} DB;

typedef struct {
	unsigned bsize, ffactor, nelem, cachesize;
	uint32_t (*hash)(const void *, size_t);
	int lorder;
} HASHINFO;

DB *dbopen(const char *, int, int, int, const void *);

/* The time at which all entries begin. */
#define START 1700000000

struct gdata {
	int64_t first, pass, expire;
	int32_t bcount, pcount;
};

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static DB *
open_database(const char *path, int flags, unsigned bsize)
{
	HASHINFO info;
	DB *db;

	memset(&info, 0, sizeof(info));
	info.bsize = bsize;
	if ((db = dbopen(path, flags, 0600, 1, &info)) == NULL)
		fail("dbopen");
	return db;
}

static void
update(DB *db, char *address, int64_t now)
{
	struct gdata value;
	DBT key, data;
	int status;

	key.data = address;
	key.size = strlen(address);
	if ((status = db->get(db, &key, &data, 0)) == -1)
		fail("get");
	if (status == 1) {
		value = (struct gdata){ now, now, now + 3110400, 1, 0 };
	} else {
		memcpy(&value, data.data, sizeof(value));
		value.pcount++;
		value.expire = now + 3110400;
	}
	data.data = &value;
	data.size = sizeof(value);
	if (db->put(db, &key, &data, 0) != 0)
		fail("put");
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int
lock(const char *path)
{
	const int fd = open(path, O_RDWR);

	if (fd == -1 || flock(fd, LOCK_EX) == -1)
		fail(path);
	return fd;
}

static void
close_database(DB *db)
{
	if (db->close(db) != 0)
		fail("close");
}

static void
each(const char *path)
{
	const double begin = seconds();
	char address[64];
	int disk;

	while (fgets(address, sizeof(address), stdin) != NULL) {
		const int fd = lock(path);
		DB *db = open_database(path, O_RDWR, 0);

		address[strcspn(address, "\n")] = '\0';
		update(db, address, START + 600);
		close_database(db);
		close(fd);
	}
	printf("%.6f ", seconds() - begin);
	if ((disk = open(path, O_RDONLY)) == -1 || fsync(disk) == -1)
		fail(path);
	close(disk);
	printf("%.6f\n", seconds() - begin);
}

static void
fill(const char *path, unsigned bsize)
{
	char address[64];
	DB *db = open_database(path, O_RDWR | O_CREAT | O_TRUNC, bsize);

	while (fgets(address, sizeof(address), stdin) != NULL) {
		address[strcspn(address, "\n")] = '\0';
		update(db, address, START);
	}
	close_database(db);
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "each") == 0)
		each(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], (unsigned)atoi(argv[3]));
	else if (argc == 3 && strcmp(argv[1], "wait") == 0) {
		while (getchar() != EOF) {
			const int fd = lock(argv[2]);

			printf("%.6f\n", seconds());
			fflush(stdout);
			close(fd);
		}
	} else {
		fprintf(stderr, "usage: spamd-db-loop each FILE | fill FILE BYTES | wait FILE\n");
		return 1;
	}
	return 0;
}
