/*
 * What spamlogd does for each address, through Debian's libdb1-compat, to measure against: reads addresses from
 * standard input; for each it opens and locks the database, gets, puts and closes. With "fill" it opens once.
 * Prints the seconds that took.
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

int
main(int argc, char *argv[])
{
	char address[64];
	struct timespec begin, end;
	const int fill = argc == 4 && strcmp(argv[1], "fill") == 0;
	const char *path = argv[2];
	const int64_t now = 1700000000;
	DB *db = NULL;

	if (argc != 4) {
		fprintf(stderr, "usage: spamd-db-loop fill|each database page-bytes <addresses\n");
		return 1;
	}
	if (fill)
		db = open_database(path, O_RDWR | O_CREAT | O_TRUNC, (unsigned)atoi(argv[3]));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (fgets(address, sizeof(address), stdin) != NULL) {
		address[strcspn(address, "\n")] = '\0';
		if (!fill) {
			const int lock = open(path, O_RDWR);
			if (lock == -1 || flock(lock, LOCK_EX) == -1)
				fail("flock");
			db = open_database(path, O_RDWR, 0);
			update(db, address, now + 600);
			if (db->close(db) != 0)
				fail("close");
			close(lock);
		} else
			update(db, address, now);
	}
	if (fill && db->close(db) != 0)
		fail("close");
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.6f\n", (end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
