//! How much memory this process may still take: what the computer has free, and what limits leave of it.
//!
//! | limit | where it stands |
//! |---|---|
//! | the computer's memory and swap | `/proc/meminfo` |
//! | control groups (containers, batch systems), version 2 and 1, each group above as well | `/proc/self/cgroup`, `/proc/self/mountinfo`, files of the mounted group |
//! | address space and data (`ulimit -v`, `-d`) | `/proc/self/limits`, `/proc/self/status` |
//!
//! A file cache counts as free: the system drops it before it kills anything. Where the system says nothing, nothing is refused.

use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Memory that can be had, and what bounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Room {
    bytes: u64,
    bound: String,
}

/// Refuses work that needs more memory than there is: otherwise the process would be killed in the middle, without a word.
/// `what` needs it; `help` says how to need less.
pub(super) fn fit(needed: u64, what: &str, help: &str) -> Result<()> {
    fit_on(Path::new("/"), needed, what, help)
}

/// [`fit`] on the computer whose files stand below `root`.
fn fit_on(root: &Path, needed: u64, what: &str, help: &str) -> Result<()> {
    let Some(room) = rooms(root).into_iter().min_by_key(|room| room.bytes) else { return Ok(()) };
    if needed <= room.bytes {
        return Ok(());
    }
    let gb = |bytes: u64| bytes as f64 / 1e9;
    Err(Error::Other(format!(
        "{what} need some {:.2} GB of memory, and {:.2} GB are left ({}); {help}",
        gb(needed),
        gb(room.bytes),
        room.bound
    )))
}

fn rooms(root: &Path) -> Vec<Room> {
    let meminfo = Fields::read(&root.join("proc/meminfo"));
    let swap = meminfo.kibibytes("SwapFree:").unwrap_or(0);
    let mut rooms = Vec::new();
    if let Some(free) = meminfo.kibibytes("MemAvailable:") {
        rooms.push(Room { bytes: free.saturating_add(swap), bound: "all that this computer has free".into() });
    }
    rooms.extend(groups(root).iter().filter_map(|group| group.room(swap)));
    rooms.extend(limits(root));
    rooms
}

/// Lines of a name and a number.
struct Fields(String);

impl Fields {
    fn read(path: &Path) -> Self {
        Self(fs::read_to_string(path).unwrap_or_default())
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.0.lines().find_map(|l| l.strip_prefix(key)?.trim().trim_end_matches(" kB").parse().ok())
    }

    fn kibibytes(&self, key: &str) -> Option<u64> {
        self.number(key)?.checked_mul(1024)
    }
}

/// A control group, or one above it.
struct Group {
    folder: PathBuf,
    /// What messages call it.
    shown: String,
    is_version_2: bool,
}

/// The groups that bound this process, the innermost first.
fn groups(root: &Path) -> Vec<Group> {
    let memberships = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
    let mut all = Vec::new();
    for line in memberships.lines() {
        // 4:memory:/path of version 1, 0::/path of version 2.
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let is_version_2 = number == "0" && controllers.is_empty();
        if !is_version_2 && !controllers.split(',').any(|c| c == "memory") {
            continue;
        }
        let Some((mounted, at)) = mounts.lines().find_map(|mount| mounted_at(mount, is_version_2)) else { continue };
        // In a container the mount shows only what is below its own group.
        let below = Path::new(path).strip_prefix(mounted).unwrap_or(Path::new(""));
        for level in below.ancestors() {
            let shown = Path::new(at).join(level);
            let folder = root.join(shown.strip_prefix("/").unwrap_or(&shown));
            all.push(Group { folder, shown: shown.display().to_string(), is_version_2 });
        }
    }
    all
}

/// Which group a line of `mountinfo` mounts, and where: `31 23 0:28 GROUP PLACE rw - cgroup2 cgroup rw`.
fn mounted_at(line: &str, is_version_2: bool) -> Option<(&str, &str)> {
    let (mount, system) = line.split_once(" - ")?;
    let mut system = system.split(' ');
    let (kind, options) = (system.next()?, system.nth(1).unwrap_or_default());
    let has_memory =
        if is_version_2 { kind == "cgroup2" } else { kind == "cgroup" && options.split(',').any(|o| o == "memory") };
    let mut mount = mount.split(' ').skip(3);
    has_memory.then_some((mount.next()?, mount.next()?))
}

impl Group {
    fn number(&self, file: &str) -> Option<u64> {
        fs::read_to_string(self.folder.join(file)).ok()?.trim().parse().ok()
    }

    /// What the group leaves; none where it has no limit.
    fn room(&self, swap: u64) -> Option<Room> {
        let stat = Fields::read(&self.folder.join("memory.stat"));
        let cache = |keys: [&str; 2]| keys.iter().filter_map(|key| stat.number(key)).sum::<u64>();
        let bytes = if self.is_version_2 {
            let used = self.number("memory.current")?.saturating_sub(cache(["inactive_file ", "active_file "]));
            // "max" is no number, and no limit.
            let left = self.number("memory.max")?.saturating_sub(used);
            let swapped = self.number("memory.swap.current").unwrap_or(0);
            let may_swap = self.number("memory.swap.max").map_or(swap, |most| most.saturating_sub(swapped).min(swap));
            left.saturating_add(may_swap)
        } else {
            let cache = cache(["total_inactive_file ", "total_active_file "]);
            let left = |most: &str, used: &str| {
                Some(self.number(most)?.saturating_sub(self.number(used)?.saturating_sub(cache)))
            };
            let memory = left("memory.limit_in_bytes", "memory.usage_in_bytes")?.saturating_add(swap);
            let both = left("memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes");
            both.map_or(memory, |both| both.min(memory))
        };
        Some(Room { bytes, bound: format!("the limit of the control group {}", self.shown) })
    }
}

/// What limits of the process leave.
fn limits(root: &Path) -> Vec<Room> {
    let (limits, status) = (Fields::read(&root.join("proc/self/limits")), Fields::read(&root.join("proc/self/status")));
    let known = [("Max address space", "VmSize:", "ulimit -v"), ("Max data size", "VmData:", "ulimit -d")];
    let room = |(limit, used, bound): (&str, &str, &str)| {
        let line = limits.0.lines().find_map(|l| l.strip_prefix(limit))?;
        // The first of two numbers is the one in force; "unlimited" is none.
        let most: u64 = line.split_whitespace().next()?.parse().ok()?;
        let bytes = most.saturating_sub(status.kibibytes(used)?);
        Some(Room { bytes, bound: format!("the limit of this process, {bound}") })
    };
    known.into_iter().filter_map(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A made-up computer.
    struct Computer(TempDir);

    impl Computer {
        fn new(files: &[(&str, &str)]) -> Self {
            let made = Self(tempfile::tempdir().unwrap());
            made.put(&[(
                "proc/meminfo",
                "MemTotal: 64000000 kB\nMemAvailable:   32000000 kB\nSwapFree:        1000000 kB\n",
            )]);
            made.put(files);
            made
        }

        fn put(&self, files: &[(&str, &str)]) {
            for (name, text) in files {
                let path = self.0.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }

        /// Bytes that fit, and what the refusal of more says.
        fn room(&self) -> (u64, String) {
            let least = rooms(self.0.path()).into_iter().map(|r| r.bytes).min().unwrap();
            fit_on(self.0.path(), least, "", "").unwrap();
            let refused = fit_on(self.0.path(), least + 1, "9 persons", "take fewer").unwrap_err().to_string();
            assert!(refused.starts_with("9 persons need some") && refused.ends_with("take fewer"), "{refused}");
            (least, refused)
        }
    }

    const V2: (&str, &str) =
        ("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");

    #[test]
    fn a_computer_without_limits_gives_what_is_free() {
        let (bytes, message) = Computer::new(&[]).room();
        assert_eq!(bytes, 33_000_000 * 1024);
        assert!(message.contains("all that this computer has free"), "{message}");
        // A system that says nothing refuses nothing.
        assert!(fit_on(&tempfile::tempdir().unwrap().path().join("none"), u64::MAX, "", "").is_ok());
    }

    #[test]
    fn groups_of_version_2_bound_with_all_above_them() {
        let job = "sys/fs/cgroup/batch/job";
        let computer = Computer::new(&[
            V2,
            ("proc/self/cgroup", "0::/batch/job\n"),
            (&format!("{job}/memory.max"), "8000000000\n"),
            (&format!("{job}/memory.current"), "3000000000\n"),
            (&format!("{job}/memory.stat"), "anon 1\ninactive_file 500000000\nactive_file 500000000\n"),
            (&format!("{job}/memory.swap.max"), "0\n"),
            ("sys/fs/cgroup/batch/memory.max", "max\n"),
            ("sys/fs/cgroup/batch/memory.current", "3000000000\n"),
        ]);
        let (bytes, message) = computer.room();
        assert_eq!(bytes, 6_000_000_000);
        assert!(message.contains("6.00 GB are left") && message.contains("/sys/fs/cgroup/batch/job"), "{message}");
        computer.put(&[(&format!("{job}/memory.swap.max"), "max\n")]);
        assert_eq!(computer.room().0, 6_000_000_000 + 1_000_000 * 1024);
        computer
            .put(&[("sys/fs/cgroup/batch/memory.max", "4000000000\n"), ("sys/fs/cgroup/batch/memory.swap.max", "5\n")]);
        assert_eq!(computer.room().0, 1_000_000_005);
    }

    #[test]
    fn groups_of_version_1_are_found_beside_others_and_from_inside_a_container() {
        let files = [
            ("memory.limit_in_bytes", "300000000\n"),
            ("memory.usage_in_bytes", "200000000\n"),
            ("memory.stat", "cache 150000000\ntotal_inactive_file 100000000\ntotal_active_file 50000000\n"),
        ];
        for (mount, path, folder) in [
            ("/", "/docker/a", "sys/fs/cgroup/memory/docker/a"),
            ("/docker/a", "/docker/a", "sys/fs/cgroup/memory"),
            ("/docker/a", "/", "sys/fs/cgroup/memory"),
        ] {
            let computer = Computer::new(&[
                (
                    "proc/self/mountinfo",
                    &format!(
                        "9 8 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 {mount} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                    ),
                ),
                ("proc/self/cgroup", &format!("5:cpu:/x\n4:memory:{path}\n0::/\n")),
            ]);
            for (name, text) in files {
                computer.put(&[(&format!("{folder}/{name}"), text)]);
            }
            // Version 1 may swap, unless memory and swap together have a limit.
            assert_eq!(computer.room().0, 250_000_000 + 1_000_000 * 1024, "{mount} {path}");
            computer.put(&[
                (&format!("{folder}/memory.memsw.limit_in_bytes"), "300000000\n"),
                (&format!("{folder}/memory.memsw.usage_in_bytes"), "200000000\n"),
            ]);
            assert_eq!(computer.room().0, 250_000_000, "{mount} {path}");
        }
    }

    #[test]
    fn limits_of_the_process_bound_too() {
        let computer = Computer::new(&[
            (
                "proc/self/limits",
                "Limit                     Soft Limit           Hard Limit           Units     \nMax data size             unlimited            unlimited            bytes     \nMax address space         512000000            unlimited            bytes     \n",
            ),
            ("proc/self/status", "Name: pretick\nVmSize:\t  100000 kB\nVmData:\t   50000 kB\n"),
        ]);
        let (bytes, message) = computer.room();
        assert_eq!(bytes, 512_000_000 - 102_400_000);
        assert!(message.contains("ulimit -v"), "{message}");
    }
}
