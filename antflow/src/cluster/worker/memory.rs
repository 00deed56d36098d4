/// How much memory this process has, in bytes: its resident set. `None` where the system does not say it.
///
/// For handlers that report it with their batches, as the guide's `memory_used_mb`.
#[must_use]
pub fn memory_usage() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_process_has_memory() {
        assert!(super::memory_usage().is_some_and(|bytes| bytes > 100_000));
    }
}
