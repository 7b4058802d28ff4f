/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzzer without libFuzzer, so that any compiler and any machine can: every input of
 * tests/fuzz/corpus/NAME, then changed ones, as many each time and the same ones each time.
 *
 *	fuzz_NAME            the run above, from the root of the tree
 *	fuzz_NAME FILE...    these inputs alone, as libFuzzer's programs take them
 *
 * COAMING_SEED and FUZZ_RUNS in the environment give other inputs, and more. An input that kills
 * the program, or that takes longer than ten seconds, is left beside it as fuzz_NAME.crash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/random.h"

#define RUNS_DEFAULT  20000
#define INPUT_MAX     ((size_t)64 << 10)
#define INPUT_SECONDS 10

/* For the handler of signals, which gets no argument. */
static char crash_file[512];
static const void *current;
static size_t current_len;

#ifdef __SANITIZE_ADDRESS__
/* An error of the sanitizer shall come to the handler below like any other. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_stack_use_after_return=1";
}
#endif

static void leave_input(int signal)
{
	static const char word[] = "the input that did it is in ";
	int fd = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n = 0;

	if (fd >= 0) {
		n += write(fd, current, current_len);
		n += write(STDERR_FILENO, word, sizeof(word) - 1);
		n += write(STDERR_FILENO, crash_file, strlen(crash_file));
		n += write(STDERR_FILENO, "\n", 1);
	}
	(void)n;
	(void)raise(signal); /* the handler is gone, SA_RESETHAND */
}

static void watch(const char *program)
{
	static const int signals[] = { SIGABRT, SIGALRM,
#ifndef __SANITIZE_ADDRESS__ /* which has better handlers for these */
				       SIGSEGV, SIGBUS,  SIGFPE, SIGILL
#endif
	};
	struct sigaction action = { .sa_handler = leave_input, .sa_flags = (int)SA_RESETHAND };

	(void)snprintf(crash_file, sizeof(crash_file), "%s.crash", program);
	(void)unlink(crash_file);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		must(sigaction(signals[i], &action, NULL) == 0);
}

static void run(const void *data, size_t len)
{
	/* Of exactly this size, so that a sanitizer sees a byte read beyond it. */
	_cleanup_free_ uint8_t *copy = malloc(len > 0 ? len : 1);

	must(copy);
	if (len > 0)
		memcpy(copy, data, len);
	current = copy;
	current_len = len;
	(void)alarm(INPUT_SECONDS);
	(void)LLVMFuzzerTestOneInput(copy, len);
	(void)alarm(0);
}

struct corpus {
	struct buf *v;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	const struct buf *x = a, *y = b;
	int c = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

/* Sorted, so that the inputs made of them do not depend on the file system. */
static struct corpus load(const char *dir)
{
	struct corpus corpus = { 0 };
	DIR *d = opendir(dir);

	must(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		_cleanup_free_ char *text = NULL;
		char path[512];
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		text = fuzz_file(path, &len);
		corpus.v = reallocarray(corpus.v, corpus.n + 1, sizeof(*corpus.v));
		must(corpus.v);
		corpus.v[corpus.n] = (struct buf){ 0 };
		buf_add(&corpus.v[corpus.n++], text, len);
	}
	(void)closedir(d);
	must(corpus.n > 0);
	qsort(corpus.v, corpus.n, sizeof(*corpus.v), by_text);
	return corpus;
}

/* ---- changes ---- */

struct span {
	size_t start, end;
};

static bool is_word(char c)
{
	return c &&
	       strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./", c);
}

static size_t end_of_string(const char *s, size_t len, size_t at)
{
	for (at++; at < len; at++) {
		if (s[at] == '\\')
			at++;
		else if (s[at] == '"')
			return at + 1;
	}
	return len;
}

static size_t end_of_brackets(const char *s, size_t len, size_t at)
{
	for (size_t depth = 0; at < len; at++) {
		if (s[at] == '"')
			at = end_of_string(s, len, at) - 1;
		else if (s[at] == '{' || s[at] == '[')
			depth++;
		else if ((s[at] == '}' || s[at] == ']') && --depth == 0)
			return at + 1;
	}
	return len;
}

/* A string, an object, an array, a word or a line: the pieces that our inputs are made of. */
static struct span some_span(uint64_t *seed, const struct buf *text)
{
	size_t at = random_below(seed, text->len), end = at;
	const char *s = text->data;

	while (at > 0 && is_word(s[at]) && is_word(s[at - 1]))
		at--;
	if (s[at] == '{' || s[at] == '[')
		return (struct span){ at, end_of_brackets(s, text->len, at) };
	if (at > 0 && s[at - 1] == '"' && random_below(seed, 2))
		at--;
	if (s[at] == '"')
		return (struct span){ at, end_of_string(s, text->len, at) };
	end = at + 1;
	while (end < text->len && (random_below(seed, 8) ? is_word(s[end]) : s[end] != '\n'))
		end++;
	return (struct span){ at, end };
}

static void replace(struct buf *text, struct span span, const char *by, size_t len)
{
	_cleanup_buf_ struct buf out = { 0 };

	buf_add(&out, text->data, span.start);
	buf_add(&out, by, len);
	buf_add(&out, text->data + span.end, text->len - span.end);
	must(buf_status(&out) == 0);
	buf_done(text);
	*text = out;
	out = (struct buf){ 0 };
}

static const char *const numbers[] = {
	"0",
	"-0",
	"-1",
	"1",
	"65535",
	"65536",
	"4294967295",
	"4294967296",
	"9223372036854775807",
	"9223372036854775808",
	"18446744073709551615",
	"18446744073709551616",
	"-9223372036854775808",
	"1.0",
	"1e400",
	"1e3",
	"null",
	"true",
	"{}",
	"[]",
	"\"\"",
};

static void change(uint64_t *seed, const struct corpus *corpus, struct buf *text)
{
	const struct buf *other = &corpus->v[random_below(seed, corpus->n)];
	const char *number = numbers[random_below(seed, ARRAY_SIZE(numbers))];
	struct span at, from;

	if (text->len == 0 || other->len == 0) {
		buf_adds(text, number);
		return;
	}
	at = some_span(seed, text);
	from = some_span(seed, random_below(seed, 3) ? other : text);
	if (from.end > other->len)
		from = some_span(seed, other);
	switch (random_below(seed, 7)) {
	case 0:
		random_damage(seed, text);
		break;
	case 1:
		replace(text, at, number, strlen(number));
		break;
	case 2:
		replace(text, at, "", 0);
		break;
	case 3: /* once more, behind itself */
		from = at;
		at.start = at.end;
		replace(text, at, text->data + from.start, from.end - from.start);
		break;
	case 4:
		at.end = at.start;
		replace(text, at, other->data + from.start, from.end - from.start);
		break;
	case 5:
		at.end = text->len;
		replace(text, at, other->data + from.start, other->len - from.start);
		break;
	default:
		replace(text, at, other->data + from.start, from.end - from.start);
	}
	if (text->len > INPUT_MAX)
		text->len = INPUT_MAX;
}

static unsigned long runs_wanted(void)
{
	const char *text = getenv("FUZZ_RUNS");
	unsigned long runs = text ? strtoul(text, NULL, 10) : 0;

	return runs ? runs : RUNS_DEFAULT;
}

static void run_changed(const struct corpus *corpus, unsigned long runs)
{
	uint64_t seed = random_seed();

	printf("# seed %llu, %zu inputs, %lu changed ones\n", (unsigned long long)seed, corpus->n,
	       runs);
	(void)fflush(stdout);
	for (unsigned long i = 0; i < runs; i++) {
		const struct buf *from = &corpus->v[random_below(&seed, corpus->n)];
		_cleanup_buf_ struct buf text = { 0 };

		buf_add(&text, from->data, from->len);
		for (size_t k = random_below(&seed, 5) + 1; k > 0; k--)
			change(&seed, corpus, &text);
		run(text.data, text.len);
	}
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	struct corpus corpus;
	char dir[256];

	watch(argv[0]);
	name = name ? name + 1 : argv[0];
	for (int i = 1; i < argc; i++) {
		size_t len;
		_cleanup_free_ char *text = fuzz_file(argv[i], &len);

		run(text, len);
		printf("# %s: done\n", argv[i]);
	}
	if (argc > 1)
		return 0;
	must(starts_with(name, "fuzz_"));
	(void)snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name + strlen("fuzz_"));
	corpus = load(dir);
	for (size_t i = 0; i < corpus.n; i++)
		run(corpus.v[i].data, corpus.v[i].len);
	run_changed(&corpus, runs_wanted());
	for (size_t i = 0; i < corpus.n; i++)
		buf_done(&corpus.v[i]);
	free(corpus.v);
	printf("ok - fuzz: %s\n", name + strlen("fuzz_"));
	return 0;
}
