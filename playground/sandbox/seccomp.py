"""The seccomp filter: which system calls a program may make. Written as BPF by hand, so that no library is
needed.

The filter refuses by default. What is left out on purpose, because namespaces do not contain it or because it
reaches far into the kernel: key rings, bpf, ptrace and process_vm_*, mount and its family, unshare, setns,
io_uring, userfaultfd, perf_event_open, kexec, module loading, open_by_handle_at, fanotify, the clocks; and
everything whose memory no limit counts (System V IPC, memfd_create, message queues, extended attributes).
"""

import errno
import platform
import struct

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name:x86_64:aarch64, from the kernel's unistd.h. "-": the architecture has no such call.
_ALLOWED = """
read:0:63 write:1:64 open:2:- close:3:57 stat:4:- fstat:5:80 lstat:6:- poll:7:- lseek:8:62 mmap:9:222
mprotect:10:226 munmap:11:215 brk:12:214 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139
pread64:17:67 pwrite64:18:68 readv:19:65 writev:20:66 access:21:- pipe:22:- select:23:-
sched_yield:24:124 mremap:25:216 msync:26:227 mincore:27:232 madvise:28:233 dup:32:23 dup2:33:-
pause:34:- nanosleep:35:101 getitimer:36:102 alarm:37:- setitimer:38:103 getpid:39:172 sendfile:40:71
connect:42:203 accept:43:202 sendto:44:206 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212 shutdown:48:210
bind:49:200 listen:50:201 getsockname:51:204 getpeername:52:205 setsockopt:54:208 getsockopt:55:209
fork:57:- vfork:58:- execve:59:221 exit:60:93 wait4:61:260 kill:62:129 uname:63:160 fcntl:72:25
flock:73:32 fsync:74:82 fdatasync:75:83 truncate:76:45 ftruncate:77:46 getdents:78:- getcwd:79:17
chdir:80:49 fchdir:81:50 rename:82:- mkdir:83:- rmdir:84:- creat:85:- link:86:- unlink:87:- symlink:88:-
readlink:89:- chmod:90:- fchmod:91:52 chown:92:- fchown:93:55 lchown:94:- umask:95:166
gettimeofday:96:169 getrlimit:97:163 getrusage:98:165 sysinfo:99:179 times:100:153 getuid:102:174
getgid:104:176 setuid:105:146 setgid:106:144 geteuid:107:175 getegid:108:177 setpgid:109:154
getppid:110:173 getpgrp:111:- setsid:112:157 setreuid:113:145 setregid:114:143 getgroups:115:158
setgroups:116:159 setresuid:117:147 getresuid:118:148 setresgid:119:149 getresgid:120:150
getpgid:121:155 setfsuid:122:151 setfsgid:123:152 getsid:124:156 capget:125:90 capset:126:91
rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigqueueinfo:129:138 rt_sigsuspend:130:133
sigaltstack:131:132 utime:132:- mknod:133:- statfs:137:43 fstatfs:138:44 getpriority:140:141
setpriority:141:140 sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
sched_get_priority_min:147:126 sched_rr_get_interval:148:127 mlock:149:228 munlock:150:229
arch_prctl:158:- setrlimit:160:164 sync:162:81 gettid:186:178 getxattr:191:8 lgetxattr:192:9
fgetxattr:193:10 listxattr:194:11 llistxattr:195:12 flistxattr:196:13 tkill:200:130 time:201:-
futex:202:98 sched_setaffinity:203:122 sched_getaffinity:204:123 epoll_create:213:- getdents64:217:61
set_tid_address:218:96 restart_syscall:219:128 fadvise64:221:223 timer_create:222:107
timer_settime:223:110 timer_gettime:224:108 timer_getoverrun:225:109 timer_delete:226:111
clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 exit_group:231:94 epoll_wait:232:-
epoll_ctl:233:21 tgkill:234:131 utimes:235:- waitid:247:95 inotify_init:253:- inotify_add_watch:254:27
inotify_rm_watch:255:28 openat:257:56 mkdirat:258:34 mknodat:259:33 fchownat:260:54 futimesat:261:-
newfstatat:262:79 unlinkat:263:35 renameat:264:38 linkat:265:37 symlinkat:266:36 readlinkat:267:78
fchmodat:268:53 faccessat:269:48 pselect6:270:72 ppoll:271:73 set_robust_list:273:99
get_robust_list:274:100 splice:275:76 sync_file_range:277:84 utimensat:280:88 epoll_pwait:281:22
signalfd:282:- timerfd_create:283:85 eventfd:284:- fallocate:285:47 timerfd_settime:286:86
timerfd_gettime:287:87 accept4:288:242 signalfd4:289:74 eventfd2:290:19 epoll_create1:291:20 dup3:292:24
pipe2:293:59 inotify_init1:294:26 preadv:295:69 pwritev:296:70 rt_tgsigqueueinfo:297:240
recvmmsg:299:243 prlimit64:302:261 syncfs:306:267 sendmmsg:307:269 getcpu:309:168 renameat2:316:276
getrandom:318:278 execveat:322:281 membarrier:324:283 mlock2:325:284 copy_file_range:326:285
preadv2:327:286 pwritev2:328:287 statx:332:291 rseq:334:293 pidfd_send_signal:424:424 pidfd_open:434:434
close_range:436:436 openat2:437:437 faccessat2:439:439 epoll_pwait2:441:441 futex_waitv:449:449
fchmodat2:452:452 futex_wake:454:454 futex_wait:455:455 futex_requeue:456:456
"""
# Calls that are decided by an argument: name -> (x86_64, aarch64).
_SOCKET, _SOCKETPAIR, _CLONE, _IOCTL, _PRCTL = (41, 198), (53, 199), (56, 220), (16, 29), (157, 167)
# clone3 hides its flags behind a pointer, which BPF cannot follow; told ENOSYS, the C library falls back to
# clone.
_CLONE3 = (435, 435)

_CLONE_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_SOCKET_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: no netlink, packet, vsock, alg, ...
_SOCKET_PROTOCOLS = (0, 6, 17)  # default, TCP, UDP: no SCTP, MPTCP, raw ICMP
# TCGETS, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. So neither TIOCSTI nor TIOCLINUX.
_IOCTLS = (0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# GET_PDEATHSIG, GET_DUMPABLE, GET/SET_KEEPCAPS, SET/GET_NAME, CAPBSET_READ/DROP, SET_TIMERSLACK,
# SET/GET_NO_NEW_PRIVS, GET_TID_ADDRESS, CAP_AMBIENT, SET_VMA: what setpriv, glibc and Python ask for. Not
# SET_PDEATHSIG: an ordinary user's program owns bwrap's process 1, which must die with the worker.
_PRCTLS = (2, 3, 7, 8, 15, 16, 23, 24, 29, 38, 39, 40, 47, 0x53564D41)

# Opcodes of classic BPF and offsets in struct seccomp_data.
_LOAD, _JEQ, _JGT, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_NUMBER, _ARCH = 0, 4
_X32_BIT = 0x40000000

_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000


def _refuse(error: int) -> int:
    return 0x00050000 | error


def _argument(index: int) -> int:
    """Offset of the low 32 bits of an argument; the kernel reads no more of those judged here."""
    return 16 + 8 * index


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _ranges(numbers: set[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Run the body, which must return, for one system call; skip it for the others."""
    return [_op(_JEQ, number, 0, len(body)), *body]


def _only(index: int, values: tuple[int, ...], error: int) -> list[bytes]:
    """Go on if the argument is one of the values, else refuse."""
    count = len(values)
    tests = [_op(_JEQ, value, count - position) for position, value in enumerate(values)]
    return [_op(_LOAD, _argument(index)), *tests, _op(_RETURN, _refuse(error))]


def build_filter(machine: str | None = None) -> bytes:
    """The filter for `machine` ("x86_64" or "aarch64", by default this one's) as bwrap's --seccomp wants it.

    Raises ValueError for another architecture.
    """
    machine = machine or platform.machine()
    if machine not in _AUDIT_ARCH:
        raise ValueError(f"There is no system call filter for the architecture {machine}.")
    column = 0 if machine == "x86_64" else 1
    numbers = {int(n) for entry in _ALLOWED.split() if (n := entry.split(":")[1 + column]) != "-"}
    allow = _op(_RETURN, _ALLOW)

    # A wrong architecture would give every number another meaning.
    program = [_op(_LOAD, _ARCH), _op(_JEQ, _AUDIT_ARCH[machine], 1), _op(_RETURN, _KILL_PROCESS)]
    program.append(_op(_LOAD, _NUMBER))
    if machine == "x86_64":
        program += [_op(_JGE, _X32_BIT, 0, 1), _op(_RETURN, _KILL_PROCESS)]
    for low, high in _ranges(numbers):
        program += [_op(_JGE, low, 0, 2), _op(_JGT, high, 1), allow]
    program += _when(
        _SOCKET[column],
        [
            *_only(0, _SOCKET_FAMILIES, errno.EAFNOSUPPORT),
            *_only(2, _SOCKET_PROTOCOLS, errno.EPROTONOSUPPORT),
            allow,
        ],
    )
    program += _when(_SOCKETPAIR[column], [*_only(0, (1,), errno.EAFNOSUPPORT), allow])
    namespace_test = [
        _op(_LOAD, _argument(0)),
        _op(_JSET, _CLONE_NAMESPACES, 0, 1),
        _op(_RETURN, _refuse(errno.EPERM)),
    ]
    program += _when(_CLONE[column], [*namespace_test, allow])
    program += _when(_IOCTL[column], [*_only(1, _IOCTLS, errno.ENOTTY), allow])
    program += _when(_PRCTL[column], [*_only(0, _PRCTLS, errno.EPERM), allow])
    program += _when(_CLONE3[column], [_op(_RETURN, _refuse(errno.ENOSYS))])
    program.append(_op(_RETURN, _refuse(errno.EPERM)))
    return b"".join(program)
