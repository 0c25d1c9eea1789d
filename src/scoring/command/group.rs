//! A program and all that it starts: a process group that ends with this process, however this process ends.
//!
//! The group is led by a guard: a shell that waits for the end of a pipe whose other end only this process holds. When this process
//! ends, also by SIGKILL, the system closes the pipe, and the guard kills its group. Linux has a signal for the death of a
//! parent (`PR_SET_PDEATHSIG`); it can be asked for only between fork and exec, where Rust allows nothing that is safe, it
//! follows the thread that started the program rather than the process, and what the program itself started does not get it.
//!
//! The guard stands before the program does, and its number, which is the group's, is given back last: so no moment is left in which
//! the program runs unguarded, and no stranger is killed.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the guard does; `kill 0` means its own group.
const GUARD: &str = "read -r line; kill -KILL 0";

/// Groups at work.
static ALL: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Pid>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every group, and lets no other begin: to be called by a process that ends at once after it.
pub(super) fn kill_all() {
    let groups = all();
    for group in groups.iter() {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    std::mem::forget(groups);
}

/// A program in a group of its own.
#[derive(Debug)]
pub(super) struct Group {
    /// The program.
    pub program: Child,
    /// None where there is no shell: then the program leads its group, and a SIGKILL of this process leaves it behind.
    guard: Option<Child>,
    id: Pid,
}

impl Group {
    /// Starts the guard, then the program.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut groups = all();
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok();
        let leader = guard.as_ref().map_or(0, |g| g.id().cast_signed());
        let program = command.process_group(leader).spawn().inspect_err(|_| {
            if let Some(guard) = &mut guard {
                let _ = guard.kill();
                let _ = guard.wait();
            }
        })?;
        let id = Pid::from_child(guard.as_ref().unwrap_or(&program));
        groups.push(id);
        Ok(Self { program, guard, id })
    }

    /// Kills the program and all of its group.
    pub fn kill(&mut self) {
        let _ = kill_process_group(self.id, Signal::KILL);
        // In case it has moved to another group.
        let _ = self.program.kill();
    }

    /// Kills what is left, and gives the numbers back to the system.
    pub fn end(mut self) -> io::Result<std::process::ExitStatus> {
        self.kill();
        all().retain(|group| *group != self.id);
        let status = self.program.wait();
        if let Some(guard) = &mut self.guard {
            let _ = guard.wait();
        }
        status
    }
}
