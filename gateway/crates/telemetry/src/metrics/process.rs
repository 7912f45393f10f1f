//! The process as the kernel sees it, read from `/proc/self` when metrics are asked for.

use std::fs;

use prometheus::{Counter, IntGauge};

use super::MetricsError;
use super::families::Maker;

/// What the kernel's clock counts per second in `/proc/self/stat`: fixed at 100 for user space.
const TICKS_PER_SECOND: f64 = 100.0;
/// The gauges that Prometheus' own clients call `process_*`.
pub(super) struct Process {
    resident: IntGauge,
    cpu: Counter,
    start: IntGauge,
    open_fds: IntGauge,
    max_fds: IntGauge,
}

impl Process {
    pub(super) fn register(maker: &Maker<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            resident: maker.gauge("process_resident_memory_bytes", "Resident memory.")?,
            cpu: maker.add(Counter::new("process_cpu_seconds_total", "Processor time used.")?)?,
            start: maker.gauge("process_start_time_seconds", "Start, in Unix time.")?,
            open_fds: maker.gauge("process_open_fds", "File descriptors open.")?,
            max_fds: maker.gauge("process_max_fds", "File descriptors allowed.")?,
        })
    }

    /// Reads all anew. What cannot be read keeps its last value.
    pub(super) fn refresh(&self) {
        if let Some(kibibytes) = read("status").as_deref().and_then(|text| named(text, "VmRSS:")) {
            self.resident.set(kibibytes.saturating_mul(1024));
        }
        if let Some(stat) = read("stat") {
            self.refresh_times(&stat);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // The listing itself holds one descriptor.
            self.open_fds.set(i64::try_from(entries.count()).unwrap_or(i64::MAX).max(1) - 1);
        }
        if let Some(limit) =
            read("limits").as_deref().and_then(|text| named(text, "Max open files"))
        {
            self.max_fds.set(limit);
        }
    }

    fn refresh_times(&self, stat: &str) {
        // The command's name, in brackets, may hold blanks: count the fields behind it.
        let Some((_, fields)) = stat.rsplit_once(')') else { return };
        if let (Some(user), Some(system)) = (field(fields, 11), field(fields, 12)) {
            let seconds = user.saturating_add(system) as f64 / TICKS_PER_SECOND;
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        let boot = fs::read_to_string("/proc/stat").ok().and_then(|text| {
            text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok())
        });
        if let (Some(boot), Some(ticks)) = (boot, field(fields, 19)) {
            self.start.set(boot.saturating_add(ticks / 100));
        }
    }
}

fn read(name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/{name}")).ok()
}

fn field(text: &str, index: usize) -> Option<i64> {
    text.split_whitespace().nth(index)?.parse().ok()
}

/// The first number behind a line's name.
fn named(text: &str, name: &str) -> Option<i64> {
    field(text.lines().find_map(|line| line.strip_prefix(name))?, 0)
}
