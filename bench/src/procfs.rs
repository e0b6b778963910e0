//! What the server under test used: CPU time and memory of its process and its children.
//!
//! CPU time is read from the process CPU clock, which counts every thread, living and ended, in nanoseconds
//! up to now. (`/proc/PID/schedstat` lags behind by up to a tick per running thread and forgets ended ones;
//! `/proc/PID/stat` counts ticks of 10 ms and serves only to split user from system time.)

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use nix::time::ClockId;
use nix::unistd::Pid;

/// A process and all its descendants, as they were when it was looked at.
#[derive(Debug, Default)]
pub struct ProcessTree {
    members: Vec<(u32, ClockId)>,
}

/// CPU time used so far by the server and by the load generator.
#[derive(Clone, Copy, Debug)]
pub struct CpuSample {
    /// When it was taken.
    pub at: Instant,
    /// User and system time of the server.
    pub server: Duration,
    /// User ticks of the server, for the split only.
    pub user_ticks: u64,
    /// System ticks of the server, for the split only.
    pub system_ticks: u64,
    /// User and system time of the load generator.
    pub client: Duration,
}

/// Memory of the server in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident set.
    pub rss: u64,
    /// Resident set with shared pages divided among their users.
    pub pss: u64,
    /// Resident pages that no file backs.
    pub anonymous: u64,
}

impl ProcessTree {
    /// The process `root` and its descendants. Without a root the tree is empty and everything measures 0.
    pub fn of(root: Option<u32>) -> Self {
        let Some(root) = root else { return ProcessTree::default() };
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for pid in all_pids() {
            if let Some(parent) = stat_field(pid, STAT_PARENT).and_then(|parent| u32::try_from(parent).ok()) {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut members = Vec::new();
        let mut open = vec![root];
        while let Some(pid) = open.pop() {
            open.extend(children.remove(&pid).unwrap_or_default());
            members.extend(cpu_clock(pid).map(|clock| (pid, clock)));
        }
        ProcessTree { members }
    }

    /// CPU time used so far.
    pub fn cpu(&self) -> CpuSample {
        let ticks = |field| self.members.iter().filter_map(|(pid, _)| stat_field(*pid, field)).sum();
        CpuSample {
            at: Instant::now(),
            client: read_clock(ClockId::CLOCK_PROCESS_CPUTIME_ID),
            server: self.members.iter().map(|(_, clock)| read_clock(*clock)).sum(),
            user_ticks: ticks(STAT_USER_TICKS),
            system_ticks: ticks(STAT_SYSTEM_TICKS),
        }
    }

    /// Memory in use now.
    pub fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for (pid, _) in &self.members {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            memory.rss += sum_of_fields(&rollup, &["Rss:"]);
            memory.pss += sum_of_fields(&rollup, &["Pss:"]);
            memory.anonymous += sum_of_fields(&rollup, &["Anonymous:"]);
        }
        memory
    }
}

/// Memory the kernel holds for everyone, in bytes: sockets of both ends are the part that grows.
pub fn kernel_memory() -> u64 {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    sum_of_fields(&meminfo, &["Slab:", "KernelStack:", "PageTables:"])
}

fn all_pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn cpu_clock(pid: u32) -> Option<ClockId> {
    ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid).ok()?)).ok()
}

/// Zero once the process is gone: the driver notices that by itself.
fn read_clock(clock: ClockId) -> Duration {
    clock.now().map(Duration::from).unwrap_or_default()
}

/// Fields of `/proc/PID/stat` counted from the state, which follows the command in parentheses.
const STAT_PARENT: usize = 1;
const STAT_USER_TICKS: usize = 11;
const STAT_SYSTEM_TICKS: usize = 12;

fn stat_field(pid: u32, field: usize) -> Option<u64> {
    field_after_command(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, field)
}

/// The command may itself hold blanks and parentheses, so the last `)` is where counting starts.
fn field_after_command(stat: &str, field: usize) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(field)?.parse().ok()
}

/// The sum in bytes of some lines of the form `Name:   123 kB`.
fn sum_of_fields(text: &str, names: &[&str]) -> u64 {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            names.contains(&words.next()?).then_some(words.next()?.parse::<u64>().ok()? * 1024)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_blanks_and_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 15 16 0 0";
        assert_eq!(field_after_command(stat, STAT_PARENT), Some(7));
        assert_eq!(field_after_command(stat, STAT_USER_TICKS), Some(15));
        assert_eq!(field_after_command(stat, STAT_SYSTEM_TICKS), Some(16));
    }

    #[test]
    fn sizes_are_read_in_bytes_and_only_whole_names_count() {
        let text = "Rss:    12 kB\nPss:     5 kB\nPss_Anon:   3 kB\nSlab: 7 kB\n";
        assert_eq!(sum_of_fields(text, &["Rss:"]), 12 * 1024);
        assert_eq!(sum_of_fields(text, &["Pss:", "Slab:"]), 12 * 1024);
    }

    #[test]
    fn the_clock_of_a_process_read_from_outside_is_the_one_it_reads_itself() {
        let tree = ProcessTree::of(Some(std::process::id()));
        let (first, second) = (tree.cpu(), tree.cpu());
        assert!(first.client > Duration::ZERO);
        // Each sample reads the own clock first: the readings of one clock can only be in this order.
        let readings = [first.client, first.server, second.client, second.server];
        assert!(readings.is_sorted(), "{readings:?}");
        assert!(tree.memory().rss > 0);
    }

    #[test]
    fn no_root_measures_nothing() {
        let tree = ProcessTree::of(None);
        assert_eq!((tree.cpu().server, tree.memory()), (Duration::ZERO, Memory::default()));
    }
}
