//! One call of a program: a table in, its answer out, within a time and within bounds.
//!
//! The table is written, the answer and the complaints are read, and the end is awaited by a thread each, so that no full
//! pipe can stop the others. The program runs in a process group of its own ([`Group`]). When it ends, when its time is up or when it
//! prints without end, the whole group is killed; only then is the program's id given back to the system, so that no
//! stranger can be hit.

use super::group::Group;
use super::permission::interrupted;
use crate::error::{Error, Result};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::io::{self, BufWriter, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often a waiting call looks whether the user has interrupted.
const TICK: Duration = Duration::from_millis(50);
/// Bytes of standard error that are kept: the last ones.
const LAST_BYTES: usize = 8192;
/// Lines of it that an error quotes.
const LAST_LINES: usize = 8;

/// One call.
pub(super) struct Call<'a> {
    /// What is started, for messages: `python3 scorer.py fit`.
    pub name: &'a str,
    /// Seconds that it may take.
    pub seconds: f64,
    /// Key of that limit, for messages.
    pub key: &'a str,
    /// Most bytes of memory a process, where a limit is set.
    pub memory: Option<u64>,
    /// Most bytes that it may answer with; `None`: its standard output is read and dropped.
    pub answer: Option<u64>,
}

/// What the threads report.
enum Event {
    Ended,
    Answer(io::Result<Vec<u8>>),
    TooLong,
    Complaints(Vec<u8>),
    TimeIsUp,
    Interrupted,
}

/// What was heard of a call, in whatever order it came.
#[derive(Default)]
struct Heard {
    ended: bool,
    answer: Option<io::Result<Vec<u8>>>,
    complaints: Option<Vec<u8>>,
    cut: Option<Cut>,
}

#[derive(Clone, Copy)]
enum Cut {
    TimeIsUp { ended: bool },
    TooLong,
    Interrupted,
}

/// Starts `command`, gives it what `write` writes, and returns its answer.
pub(super) fn call(
    call: &Call<'_>,
    command: &mut Command,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Result<Vec<u8>> {
    let name = call.name;
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::start(piped).map_err(|e| {
        Error::Scorer(format!(
            "cannot start `{name}`: {e}; a bare name is looked up on the PATH, a path from the folder that pretick is started in (lender.command.program)"
        ))
    })?;
    let (stop, stopped) = channel();
    let heard = limit_memory(&group.program, call.memory)
        .and_then(|()| listen(call, &mut group.program, write, stopped))
        .map(|events| hear(&events, &mut group));
    // Whatever happened: nothing of the group survives, and the program's id is given back.
    let status = group.end();
    drop(stop);
    let wrong = |what: &str, e: &io::Error| Error::Scorer(format!("`{name}`: cannot {what}: {e}"));
    verdict(call, heard.map_err(|e| wrong("start it", &e))?, status.map_err(|e| wrong("wait for its end", &e))?)
}

#[cfg(target_os = "linux")]
fn limit_memory(child: &Child, bytes: Option<u64>) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    let Some(bytes) = bytes else { return Ok(()) };
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    prlimit(Some(Pid::from_child(child)), Resource::As, limit)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: &Child, bytes: Option<u64>) -> io::Result<()> {
    match bytes {
        None => Ok(()),
        Some(_) => Err(io::Error::other("lender.command.memory can be limited on Linux alone")),
    }
}

/// Starts the threads.
fn listen(
    call: &Call<'_>,
    child: &mut Child,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    stopped: Receiver<()>,
) -> io::Result<Receiver<Event>> {
    let (events, heard) = channel();
    let (pid, seconds, most) = (Pid::from_child(child), call.seconds, call.answer);
    let (to, from, complaints) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(to), Some(mut from), Some(mut complaints)) = (to, from, complaints) else {
        return Err(io::Error::other("its standard streams are missing"));
    };
    // A program that has read enough closes its input: no error of its own. The end status tells.
    thread("write", move || {
        let mut to = BufWriter::with_capacity(1 << 16, to);
        let _ = write(&mut to).and_then(|()| to.flush());
    })?;
    let out = events.clone();
    thread("read", move || {
        let _ = out.send(match most {
            None => Event::Answer(io::copy(&mut from, &mut io::sink()).map(|_| Vec::new())),
            Some(most) => read_answer(&mut from, most),
        });
    })?;
    let out = events.clone();
    thread("complaints", move || {
        let _ = out.send(Event::Complaints(last_bytes(&mut complaints)));
    })?;
    let out = events.clone();
    thread("wait", move || {
        // Leaves the ended program unburied, so that its id still names its group.
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {
        }
        let _ = out.send(Event::Ended);
    })?;
    thread("time", move || {
        if let Some(event) = watch(&stopped, seconds) {
            let _ = events.send(event);
        }
    })?;
    Ok(heard)
}

fn thread(what: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(format!("command {what}")).spawn(work).map(|_| ())
}

fn read_answer(from: &mut impl Read, most: u64) -> Event {
    let mut answer = Vec::new();
    let read = from.take(most + 1).read_to_end(&mut answer);
    if answer.len() as u64 > most { Event::TooLong } else { Event::Answer(read.map(|_| answer)) }
}

/// The last bytes of a stream that is read to its end.
fn last_bytes(from: &mut impl Read) -> Vec<u8> {
    let (mut kept, mut room) = (Vec::new(), vec![0; LAST_BYTES]);
    loop {
        match from.read(&mut room) {
            Ok(0) => return kept,
            Ok(n) => {
                kept.extend_from_slice(&room[..n]);
                kept.drain(..kept.len().saturating_sub(LAST_BYTES));
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}

/// Waits until the call is over (`None`), its time is up or the user has interrupted.
fn watch(stopped: &Receiver<()>, seconds: f64) -> Option<Event> {
    let mut left = Duration::from_secs_f64(seconds);
    while !left.is_zero() {
        let step = left.min(TICK);
        match stopped.recv_timeout(step) {
            Err(RecvTimeoutError::Timeout) => left -= step,
            _ => return None,
        }
        if interrupted() {
            return Some(Event::Interrupted);
        }
    }
    Some(Event::TimeIsUp)
}

/// Listens until the program has ended and said all, or was cut short.
fn hear(events: &Receiver<Event>, group: &mut Group) -> Heard {
    let mut heard = Heard::default();
    while !(heard.ended && (heard.cut.is_some() || heard.answer.is_some() && heard.complaints.is_some())) {
        let cut = match events.recv() {
            Ok(Event::Ended) => {
                heard.ended = true;
                // What it left running would keep its output open.
                group.kill();
                continue;
            }
            Ok(Event::Answer(answer)) => {
                heard.answer = Some(answer);
                continue;
            }
            Ok(Event::Complaints(bytes)) => {
                heard.complaints = Some(bytes);
                continue;
            }
            Ok(Event::TooLong) => Cut::TooLong,
            Ok(Event::TimeIsUp) => Cut::TimeIsUp { ended: heard.ended },
            Ok(Event::Interrupted) => Cut::Interrupted,
            // All threads are gone, which the thread of the end prevents.
            Err(_) => break,
        };
        heard.cut.get_or_insert(cut);
        group.kill();
    }
    if heard.complaints.is_none()
        && let Ok(Event::Complaints(bytes)) = events.recv_timeout(TICK)
    {
        heard.complaints = Some(bytes);
    }
    heard
}

fn verdict(call: &Call<'_>, heard: Heard, status: ExitStatus) -> Result<Vec<u8>> {
    let said = last_lines(&heard.complaints.unwrap_or_default());
    let wrong = |what: String| Err(Error::Scorer(format!("`{}` {what}{said}", call.name)));
    match heard.cut {
        Some(Cut::Interrupted) => return Err(Error::Interrupted),
        Some(Cut::TimeIsUp { ended: false }) => {
            return wrong(format!(
                "did not end within {} s ({}): it was killed with all it had started",
                call.seconds, call.key
            ));
        }
        Some(Cut::TimeIsUp { ended: true }) => {
            return wrong(format!(
                "ended, but something that it started kept its output open for {} s ({})",
                call.seconds, call.key
            ));
        }
        Some(Cut::TooLong) => {
            let most = call.answer.unwrap_or(0);
            return wrong(format!("printed more than {most} bytes, which no answer needs: it was killed"));
        }
        None => {}
    }
    if !status.success() {
        return wrong(format!("failed ({status})"));
    }
    match heard.answer {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(e)) => wrong(format!("gave an answer that cannot be read: {e}")),
        None => wrong("gave no answer".into()),
    }
}

/// The last lines that it printed on standard error, for an error's end; characters that steer terminals are replaced.
fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| {
            l.chars()
                .map(|c| {
                    if c == '\t' {
                        ' '
                    } else if c.is_control() {
                        '·'
                    } else {
                        c
                    }
                })
                .collect()
        })
        .collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    if last.is_empty() { String::new() } else { format!("; its last words:\n    {}", last.join("\n    ")) }
}
