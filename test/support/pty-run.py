# Runs a command on a terminal of its own and prints what it wrote there: pty-run.py COLUMNS ROWS INTERRUPT_AT COMMAND...
# When INTERRUPT_AT (a text, or empty) was written, Ctrl-C is typed once. Exits like the command, 128 + signal if ended.
import fcntl, os, pty, signal, struct, sys, termios

columns, rows, interrupt_at = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
pid, terminal = pty.fork()
if pid == 0:
    # The size is set before the program looks at it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[4], sys.argv[4:])

seen = b""
typed = False
signal.alarm(60)
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # Linux says so when the last program on the terminal is gone.
        break
    if not chunk:
        break
    seen += chunk
    if interrupt_at and not typed and interrupt_at in seen:
        typed = True
        os.write(terminal, b"\x03")
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
