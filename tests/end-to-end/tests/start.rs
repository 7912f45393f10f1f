//! What a start costs: time with a warm code cache, memory when idle.
//!
//! One test only, so that nothing else runs beside it.

use std::time::{Duration, Instant};

use tollgate_end_to_end::{Builder, Config, Gateway, Upstream};

/// Ready at most this long after the start.
const READY: Duration = Duration::from_millis(300);

/// Resident memory of an idle gateway at most.
const IDLE_KIB: u64 = 60 * 1024;

/// Starts that the median is taken of.
const STARTS: usize = 9;

fn resident_kib(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid()));
    let status = status.expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warm_start_is_quick_and_an_idle_gateway_is_small() {
    let upstream = Upstream::start().await;
    let builder = Builder::new(Config::new().models(&upstream, &["echo"]));
    let mut gateway = builder.start().await;
    let key = gateway.free_key().await;
    gateway.serves(&key).await;
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        gateway.stop().await;
        let started = Instant::now();
        gateway.restart().await;
        times.push(started.elapsed());
        memory.push(resident_kib(&gateway));
    }
    times.sort();
    memory.sort_unstable();
    println!("ready after {times:?}; resident KiB {memory:?}");
    gateway.serves(&key).await;
    assert!(times[STARTS / 2] <= READY, "ready after {times:?}");
    assert!(memory[STARTS / 2] <= IDLE_KIB, "resident KiB {memory:?}");
}
