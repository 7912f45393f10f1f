//! The life of a gateway: its end, other configurations, other certificates, another binary, each
//! while clients call and streams are open.

mod certificates;
mod reload;
mod stop;
mod upgrade;

/// How many times the short form's rounds are done: `TOLLGATE_SOAK` says.
fn soak() -> usize {
    std::env::var("TOLLGATE_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Resident memory in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}
