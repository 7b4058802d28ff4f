/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody would try who has taken over the process in a container.
 *
 * Static and without a shell. Each attempt is a function that goes all the way and looks whether it
 * has got there: what it wrote can be read, what it opened holds the secret, the process it is in
 * has the capability. Only where that would harm the host does it stop at the kernel's own door,
 * with an argument that the kernel refuses after it has asked whether the caller may (told as "let
 * in").
 *
 * Each runs in a child of its own, in what the container was given; one that is killed has failed.
 *
 * Usage: attack try NAME...     "NAME worked", "NAME failed: ERRNO", one a line; nothing: all
 *        attack list            the names
 *        attack neighbour FILE  be the process next door: hold the secret that FILE holds
 *        attack handle FILE     the handle of a file, for "open-by-handle"
 *        attack audit           print the kernel's audit records of seccomp until killed
 *
 * Environment of "try": NEIGHBOUR the pid of "neighbour"; SECRET the path of its file, on the host;
 * ADDRESS of its secret in its memory; HANDLE of the secret's file; PEER an address outside.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the host's file and the neighbour's memory hold. */
static const char secret[] = "coaming-test-secret";

/* 0 got there; -1 errno says what stopped it. */
typedef int attempt_fn(void);

static int fail_with(int error)
{
	errno = error;
	return -1;
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static pid_t neighbour(void)
{
	return (pid_t)strtol(env("NEIGHBOUR"), NULL, 10);
}

/* "/proc/NEIGHBOUR/FILE" */
static const char *of_neighbour(const char *file)
{
	static char path[4200];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)neighbour(), file);
	return path;
}

static int holds_secret(int fd)
{
	char text[sizeof(secret)] = "";
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(secret) - 1);
	if (n < 0)
		return -1;
	return n == sizeof(secret) - 1 && strcmp(text, secret) == 0 ? 0 : fail_with(ENODATA);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* Write what it holds already: shows the right, changes nothing. */
static int rewrite_file(const char *path)
{
	char text[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* The kernel has asked whether the caller may, found that it may, and then refused the nonsense. */
static int let_in(long r, int nonsense)
{
	return r >= 0 || errno == nonsense ? 0 : -1;
}

static bool has_capability(int number)
{
	unsigned long long caps = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		(void)sscanf(line, "CapEff: %llx", &caps);
	if (f)
		(void)fclose(f);
	return caps >> number & 1;
}

/* ---- files and mounts ---- */

static int write_root(void)
{
	return write_file("/mark-root", secret);
}

static int remount_root(void)
{
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
		return -1;
	return write_file("/mark-remount", secret);
}

static int mounted_at(const char *type, const char *look)
{
	struct stat st;

	(void)mkdir("/tmp/m", 0755);
	if (mount(type, "/tmp/m", type, 0, NULL) < 0)
		return -1;
	return stat(look, &st);
}

static int mount_proc(void)
{
	return mounted_at("proc", "/tmp/m/self");
}

static int mount_sysfs(void)
{
	return mounted_at("sysfs", "/tmp/m/kernel");
}

static int mount_tmpfs(void)
{
	return mounted_at("tmpfs", "/tmp/m");
}

static int mount_new_api(void)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0);

	if (context < 0 || syscall(SYS_fsconfig, context, 6 /* CMD_CREATE */, NULL, NULL, 0) < 0)
		return -1;
	return syscall(SYS_fsmount, context, 0, 0) < 0 ? -1 : 0;
}

static int copy_tree(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) < 0 ? -1 : 0;
}

static int move_a_mount(void)
{
	return let_in(syscall(SYS_move_mount, AT_FDCWD, "/nowhere", AT_FDCWD, "/tmp", 0), ENOENT);
}

static int set_mount_flags(void)
{
	uint64_t attr[4] = { 0, 1 /* clear RDONLY */, 0, 0 };

	return syscall(SYS_mount_setattr, AT_FDCWD, "/sys", 0, attr, sizeof(attr)) < 0 ? -1 : 0;
}

static int unmask(void)
{
	return umount2("/proc/keys", MNT_DETACH);
}

static int pivot(void)
{
	return let_in(syscall(SYS_pivot_root, "/nowhere", "/nowhere"), ENOENT);
}

static int change_root(void)
{
	(void)mkdir("/tmp/root", 0755);
	return chroot("/tmp/root");
}

static int run_from_tmp(void)
{
	static char self[8 << 20];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to, status;
	ssize_t n = from < 0 ? -1 : read(from, self, sizeof(self));
	pid_t child;

	to = open("/tmp/program", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (n < 0 || to < 0 || write(to, self, (size_t)n) != n || close(to) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		(void)execl("/tmp/program", "program", "start", (char *)NULL);
		_exit(errno);
	}
	if (waitpid(child, &status, 0) != child)
		return -1;
	return WEXITSTATUS(status) == 0 ? 0 : fail_with(WEXITSTATUS(status));
}

/* The image's link to a file of the host leads to nowhere in here. */
static int link_of_image(void)
{
	return holds_secret(open("/link", O_RDONLY | O_CLOEXEC));
}

/* Any open file whose path is of the host. */
static int leaked_descriptor(void)
{
	char path[64];

	for (int fd = 3; fd < 1024; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/secret", fd);
		if (holds_secret(open(path, O_RDONLY | O_CLOEXEC)) == 0)
			return 0;
	}
	return fail_with(EBADF);
}

/* A file of the host by its number alone ("shocker"). */
static int open_by_handle(void)
{
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { 0 };
	const char *hex = env("HANDLE");
	int type, at = 0, n, fd;
	unsigned int byte;

	if (sscanf(hex, "%d:%n", &type, &at) < 1)
		return fail_with(EINVAL);
	u.handle.handle_type = type;
	for (n = 0; n < MAX_HANDLE_SZ && sscanf(hex + at + 2 * n, "%2x", &byte) == 1; n++)
		u.handle.f_handle[n] = (unsigned char)byte;
	u.handle.handle_bytes = (unsigned int)n;
	fd = open("/", O_RDONLY | O_CLOEXEC);
	return holds_secret((int)syscall(SYS_open_by_handle_at, fd, &u, O_RDONLY));
}

static int read_roots_file(void)
{
	return holds_secret(open("/secret-of-root", O_RDONLY | O_CLOEXEC));
}

static int make_device(void)
{
	(void)unlink("/tmp/device");
	return mknod("/tmp/device", S_IFCHR | 0600, makedev(1, 3));
}

/* ---- the kernel's files ---- */

static int become_root(void)
{
	return setresuid(0, 0, 0);
}

static int write_core_pattern(void)
{
	(void)become_root();
	(void)mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
	return rewrite_file("/proc/sys/kernel/core_pattern");
}

static int write_sysctl(void)
{
	(void)become_root();
	(void)mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
	return rewrite_file("/proc/sys/kernel/hostname");
}

static int open_sysrq(void)
{
	(void)become_root();
	(void)mount(NULL, "/proc/sysrq-trigger", NULL, MS_REMOUNT | MS_BIND, NULL);
	return open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
}

static int write_sysfs(void)
{
	(void)become_root();
	(void)mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
	return rewrite_file("/sys/kernel/mm/ksm/run");
}

/* A hierarchy of its own, which goes with this child's mount. */
static int release_agent(void)
{
	(void)become_root();
	(void)mkdir("/tmp/cgroup", 0755);
	if (mount("cgroup", "/tmp/cgroup", "cgroup", 0, "none,name=coaming-test") < 0)
		return -1;
	return write_file("/tmp/cgroup/release_agent", "/bin/false");
}

/* ---- other processes ---- */

static int trace_neighbour(void)
{
	unsigned long address = strtoul(env("ADDRESS"), NULL, 0);
	long word;

	if (ptrace(PTRACE_ATTACH, neighbour(), NULL, NULL) < 0)
		return -1;
	(void)waitpid(neighbour(), NULL, __WALL);
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, neighbour(), address, NULL);
	(void)ptrace(PTRACE_DETACH, neighbour(), NULL, NULL);
	return memcmp(&word, secret, sizeof(word)) == 0 ? 0 : -1;
}

static int read_memory(void)
{
	char text[sizeof(secret)] = "";
	struct iovec mine = { text, sizeof(text) };
	struct iovec theirs = { (void *)strtoul(env("ADDRESS"), NULL, 0), sizeof(text) };

	if (process_vm_readv(neighbour(), &mine, 1, &theirs, 1, 0) < 0)
		return -1;
	return strcmp(text, secret) == 0 ? 0 : fail_with(ENODATA);
}

/* The secret itself, over the secret. */
static int write_memory(void)
{
	char text[sizeof(secret)] = "";
	struct iovec mine = { text, sizeof(text) };
	struct iovec theirs = { (void *)strtoul(env("ADDRESS"), NULL, 0), sizeof(text) };

	(void)memcpy(text, secret, sizeof(secret));
	return process_vm_writev(neighbour(), &mine, 1, &theirs, 1, 0) < 0 ? -1 : 0;
}

static int open_memory(void)
{
	int fd = open(of_neighbour("mem"), O_RDWR | O_CLOEXEC);

	if (fd < 0 || lseek(fd, (off_t)strtoul(env("ADDRESS"), NULL, 0), SEEK_SET) < 0)
		return -1;
	return holds_secret(fd);
}

static int steal_descriptor(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, neighbour(), 0);

	if (pidfd < 0)
		return -1;
	return syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0 ? -1 : 0;
}

/* The host's files lie below the root of a process that has them. */
static int root_of_neighbour(void)
{
	char path[8400];

	(void)snprintf(path, sizeof(path), "%s/%s", of_neighbour("root"), env("SECRET"));
	return holds_secret(open(path, O_RDONLY | O_CLOEXEC));
}

static int environment_of_neighbour(void)
{
	char text[64];
	int fd = open(of_neighbour("environ"), O_RDONLY | O_CLOEXEC);

	return fd < 0 || read(fd, text, sizeof(text)) < 0 ? -1 : 0;
}

static int signal_neighbour(void)
{
	return kill(neighbour(), SIGCONT);
}

static int compare_with_neighbour(void)
{
	return syscall(SYS_kcmp, getpid(), neighbour(), 1 /* VM */, 0, 0) < 0 ? -1 : 0;
}

static int move_its_pages(void)
{
	return syscall(SYS_move_pages, neighbour(), 0UL, NULL, NULL, NULL, 0) < 0 ? -1 : 0;
}

static int advise_its_memory(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, neighbour(), 0);
	struct iovec where = { (void *)(strtoul(env("ADDRESS"), NULL, 0) & ~4095UL), 4096 };

	return syscall(SYS_process_madvise, pidfd, &where, 1UL, 20 /* COLD */, 0) < 0 ? -1 : 0;
}

/* ---- namespaces ---- */

static int join_mounts(void)
{
	int fd = open(of_neighbour("ns/mnt"), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return -1;
	return holds_secret(open(env("SECRET"), O_RDONLY | O_CLOEXEC));
}

/* "canary0" is an interface of the neighbour's. */
static int join_network(void)
{
	int fd = open(of_neighbour("ns/net"), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return -1;
	return if_nametoindex("canary0") ? 0 : -1;
}

static int join_by_pidfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, neighbour(), 0);

	return pidfd < 0 ? -1 : setns(pidfd, CLONE_NEWNET | CLONE_NEWNS);
}

static int new_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	return has_capability(21) ? 0 : fail_with(EPERM);
}

static int clone_user_namespace(void)
{
	long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

	if (child == 0)
		_exit(0);
	return child < 0 ? -1 : 0;
}

static int clone3_user_namespace(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(0);
	return child < 0 ? -1 : 0;
}

static int new_mounts(void)
{
	return unshare(CLONE_NEWNS);
}

static int new_network(void)
{
	return unshare(CLONE_NEWNET);
}

static int new_pids(void)
{
	return unshare(CLONE_NEWPID);
}

static int rename_host(void)
{
	char name[65] = "";

	if (gethostname(name, sizeof(name) - 1) < 0)
		return -1;
	return sethostname(name, strlen(name));
}

/* ---- the network ---- */

static int ping_raw(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct icmphdr echo = { .type = ICMP_ECHO, .checksum = htons(0xf7ff) };
	struct timeval limit = { .tv_sec = 1 };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	char answer[128];

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return recv(fd, answer, sizeof(answer), 0) < 0 ? -1 : 0;
}

static int listen_packets(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 1 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char packet[256];

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)sendto(sender, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	return recv(fd, packet, sizeof(packet), 0) < 0 ? -1 : 0;
}

struct nft_message {
	struct nlmsghdr header;
	struct nfgenmsg body;
};

/* `nft flush ruleset`: a transaction that deletes every table, and the kernel's answer to it. */
static int flush_rules(void)
{
	const uint16_t delete_table = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE;
	struct nft_message batch[] = {
		{ { sizeof(batch[0]), NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 1, 0 },
		  { AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES) } },
		{ { sizeof(batch[0]), delete_table, NLM_F_REQUEST | NLM_F_ACK, 2, 0 },
		  { AF_UNSPEC, NFNETLINK_V0, 0 } },
		{ { sizeof(batch[0]), NFNL_MSG_BATCH_END, NLM_F_REQUEST, 3, 0 },
		  { AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES) } },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer = { 0 };

	if (fd < 0 || send(fd, batch, sizeof(batch), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	return answer.error.error == 0 ? 0 : fail_with(-answer.error.error);
}

static int change_interface(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0)
		return -1;
	return ioctl(fd, SIOCSIFMTU, &request);
}

/* "open" is what the peer says to whoever reaches it. */
static int connect_out(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9090) };
	struct timeval limit = { .tv_usec = 500000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[4];

	(void)inet_pton(AF_INET, env("PEER"), &to.sin_addr);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	return recv(fd, answer, sizeof(answer), 0) == 4 ? 0 : fail_with(EIO);
}

/* ---- the kernel ---- */

static int keep_key(void)
{
	return syscall(SYS_add_key, "user", "coaming-test", secret, sizeof(secret),
		       KEY_SPEC_PROCESS_KEYRING) < 0
		       ? -1
		       : 0;
}

static int join_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? -1 : 0;
}

static int ask_for_key(void)
{
	return let_in(syscall(SYS_request_key, "user", "coaming-none", NULL, 0), ENOKEY);
}

static int bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0 ? -1 : 0;
}

static int bpf_program(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_KPROBE,
				.insns = (uintptr_t)code,
				.insn_cnt = 2,
				.license = (uintptr_t) "GPL" };

	return let_in(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)), EINVAL);
}

/* Of every process on a processor. */
static int perf_event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0) < 0 ? -1 : 0;
}

static int user_faults(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC) < 0 ? -1 : 0;
}

static int io_uring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 2, &params) < 0 ? -1 : 0;
}

static int load_module(void)
{
	static const char image[64] = "no module";

	return let_in(syscall(SYS_init_module, image, sizeof(image), ""), ENOEXEC);
}

static int load_module_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return let_in(syscall(SYS_finit_module, fd, "", 0x8000), EINVAL);
}

static int remove_module(void)
{
	return let_in(syscall(SYS_delete_module, "coaming_none", O_NONBLOCK), ENOENT);
}

static int load_kernel(void)
{
	return let_in(syscall(SYS_kexec_load, 0, 0, NULL, ~0UL), EINVAL);
}

static int restart_machine(void)
{
	return let_in(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL);
}

static int set_clock(void)
{
	struct timex tick = { .modes = ADJ_TICK, .tick = 1 };

	return let_in(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &tick), EINVAL);
}

static int add_swap(void)
{
	return let_in(swapon("/nowhere", 0), ENOENT);
}

static int account_processes(void)
{
	return let_in(acct("/nowhere"), ENOENT);
}

static int read_log(void)
{
	return klogctl(10 /* SIZE_BUFFER */, NULL, 0) < 0 ||
			       klogctl(9 /* SIZE_UNREAD */, NULL, 0) < 0
		       ? -1
		       : 0;
}

static int use_ports(void)
{
	return ioperm(0x80, 1, 1);
}

static int change_personality(void)
{
	return personality(ADDR_NO_RANDOMIZE) < 0 ? -1 : 0;
}

static int real_time(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &param);
}

/* The same call by a program of 32 bits: getpid is 20, add_key is 286 there. */
static int call_as_i386(void)
{
	long r = -ENOSYS;

#ifdef __x86_64__
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "0"(288 /* keyctl */), "b"(0), "c"(-3), "d"(0)
			 : "memory");
#endif
	return r >= 0 || r == -ENOKEY ? 0 : fail_with((int)-r);
}

/* ---- privileges ---- */

/* A set-uid copy of this program in the image. */
static int run_set_uid(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)execl("/set-uid", "set-uid", "euid", (char *)NULL);
		_exit(111);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail_with(EPERM);
}

static int become_roots_group(void)
{
	return setresgid(0, 0, 0);
}

static int take_file(void)
{
	return write_file("/tmp/taken", "") < 0 ? -1 : chown("/tmp/taken", 0, 0);
}

/* As many processes as a small fork bomb makes. */
static int many_processes(void)
{
	int made = 0, error = 0;

	while (made < 600) {
		pid_t child = fork();

		if (child == 0) {
			(void)pause();
			_exit(0);
		}
		if (child < 0) {
			error = errno;
			break;
		}
		made++;
	}
	(void)signal(SIGTERM, SIG_IGN);
	(void)kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	return made == 600 ? 0 : fail_with(error);
}

static const struct attempt {
	const char *name;
	attempt_fn *go;
} attempts[] = {
	/* One a line. */
	/* clang-format off */
	{ "account-processes", account_processes },
	{ "add-key", keep_key },
	{ "add-swap", add_swap },
	{ "become-root", become_root },
	{ "become-roots-group", become_roots_group },
	{ "bpf-map", bpf_map },
	{ "bpf-program", bpf_program },
	{ "call-as-i386", call_as_i386 },
	{ "change-interface", change_interface },
	{ "change-personality", change_personality },
	{ "change-root", change_root },
	{ "clone-user-namespace", clone_user_namespace },
	{ "clone3-user-namespace", clone3_user_namespace },
	{ "compare-with-neighbour", compare_with_neighbour },
	{ "connect-out", connect_out },
	{ "environment-of-neighbour", environment_of_neighbour },
	{ "flush-rules", flush_rules },
	{ "io-uring", io_uring },
	{ "join-by-pidfd", join_by_pidfd },
	{ "join-keyring", join_keyring },
	{ "join-mounts", join_mounts },
	{ "join-network", join_network },
	{ "leaked-descriptor", leaked_descriptor },
	{ "link-of-image", link_of_image },
	{ "listen-packets", listen_packets },
	{ "load-kernel", load_kernel },
	{ "load-module", load_module },
	{ "load-module-file", load_module_file },
	{ "make-device", make_device },
	{ "many-processes", many_processes },
	{ "mount-new-api", mount_new_api },
	{ "mount-proc", mount_proc },
	{ "mount-setattr", set_mount_flags },
	{ "mount-sysfs", mount_sysfs },
	{ "mount-tmpfs", mount_tmpfs },
	{ "move-mount", move_a_mount },
	{ "move-pages", move_its_pages },
	{ "new-mounts", new_mounts },
	{ "new-network", new_network },
	{ "new-pids", new_pids },
	{ "new-user-namespace", new_user_namespace },
	{ "open-by-handle", open_by_handle },
	{ "open-memory", open_memory },
	{ "open-sysrq", open_sysrq },
	{ "open-tree", copy_tree },
	{ "perf-event", perf_event },
	{ "ping-raw", ping_raw },
	{ "pivot-root", pivot },
	{ "process-madvise", advise_its_memory },
	{ "read-log", read_log },
	{ "read-memory", read_memory },
	{ "read-roots-file", read_roots_file },
	{ "real-time", real_time },
	{ "release-agent", release_agent },
	{ "remount-root", remount_root },
	{ "remove-module", remove_module },
	{ "rename-host", rename_host },
	{ "request-key", ask_for_key },
	{ "restart-machine", restart_machine },
	{ "root-of-neighbour", root_of_neighbour },
	{ "run-from-tmp", run_from_tmp },
	{ "run-set-uid", run_set_uid },
	{ "set-clock", set_clock },
	{ "signal-neighbour", signal_neighbour },
	{ "steal-descriptor", steal_descriptor },
	{ "take-file", take_file },
	{ "trace-neighbour", trace_neighbour },
	{ "unmask", unmask },
	{ "use-ports", use_ports },
	{ "user-faults", user_faults },
	{ "write-core-pattern", write_core_pattern },
	{ "write-memory", write_memory },
	{ "write-root", write_root },
	{ "write-sysctl", write_sysctl },
	{ "write-sysfs", write_sysfs },
	/* clang-format on */
};
#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

static void try(const struct attempt *attempt)
{
	const char *name;
	int status = 0;
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		errno = 0;
		if (setpgid(0, 0) == 0 && attempt->go() >= 0)
			_exit(0);
		_exit(errno > 0 && errno < 255 ? errno : 255);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		printf("%s failed: no process\n", attempt->name);
		return;
	}
	if (WIFSIGNALED(status)) {
		printf("%s failed: SIG%s\n", attempt->name, sigabbrev_np(WTERMSIG(status)));
		return;
	}
	name = strerrorname_np(WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 0)
		printf("%s worked\n", attempt->name);
	else
		printf("%s failed: %s\n", attempt->name, name ? name : "unknown");
}

static int try_all(int argc, char **argv)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		bool wanted = argc == 0;

		for (int k = 0; k < argc; k++)
			wanted = wanted || strcmp(argv[k], attempts[i].name) == 0;
		if (wanted)
			try(&attempts[i]);
	}
	return 0;
}

/* Its secret stands in its memory, and descriptor 0 is something to steal. */
static int be_neighbour(const char *file)
{
	static char held[sizeof(secret)];
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, held, sizeof(secret) - 1) != sizeof(secret) - 1)
		return 1;
	printf("%p\n", (void *)held);
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static int tell_handle(const char *file)
{
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	if (name_to_handle_at(AT_FDCWD, file, &u.handle, &mount_id, 0) < 0)
		return 1;
	printf("%d:", u.handle.handle_type);
	for (unsigned int i = 0; i < u.handle.handle_bytes; i++)
		printf("%02x", u.handle.f_handle[i]);
	printf("\n");
	return 0;
}

/* What auditd and journald hear. Source: Linux, include/uapi/linux/audit.h */
static int hear_audit(void)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = AUDIT_NLGRP_READLOG };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), size = 8 << 20;
	char record[9000];
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (fd < 0 || bind(fd, (struct sockaddr *)&group, sizeof(group)) < 0) {
		perror("audit");
		return 1;
	}
	printf("listening\n");
	(void)fflush(stdout);
	while ((n = recv(fd, record, sizeof(record) - 1, 0)) >= 0) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)record;

		record[n] = '\0';
		if (header->nlmsg_type == AUDIT_SECCOMP)
			printf("%s\n", record + sizeof(*header));
		(void)fflush(stdout);
	}
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "try") == 0)
		return try_all(argc - 2, argv + 2);
	if (strcmp(what, "neighbour") == 0 && argc == 3)
		return be_neighbour(argv[2]);
	if (strcmp(what, "handle") == 0 && argc == 3)
		return tell_handle(argv[2]);
	if (strcmp(what, "audit") == 0)
		return hear_audit();
	if (strcmp(what, "start") == 0) /* that it could be started is all */
		return 0;
	if (strcmp(what, "euid") == 0)
		return geteuid() == 0 ? 0 : 1;
	for (size_t i = 0; strcmp(what, "list") == 0 && i < ATTEMPTS; i++)
		printf("%s\n", attempts[i].name);
	return strcmp(what, "list") == 0 ? 0 : 2;
}
