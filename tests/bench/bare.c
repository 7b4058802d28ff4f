/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: a bare C process, linked as the hooks are, that copies its standard input to its
 * standard output and does nothing else.
 */
#include <unistd.h>

int main(void)
{
	static char data[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, data, sizeof(data))) > 0) {
		if (write(STDOUT_FILENO, data, (size_t)n) != n)
			return 1;
	}
	return n < 0;
}
