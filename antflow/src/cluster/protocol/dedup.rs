use crate::cluster::DedupId;

/// The id of something that is said: the same for the same parts, different for others.
///
/// 64 bits as hexadecimal digits, by FNV-1a over the parts with their lengths: the same on every machine and in every
/// version. It tells repetitions from news among the messages of one node; it protects against no forger.
///
/// ```
/// use antflow::cluster::protocol::dedup_id;
///
/// assert_eq!(dedup_id(["task_done", "run-1"]), dedup_id(["task_done", "run-1"]));
/// assert_ne!(dedup_id(["ab", "c"]), dedup_id(["a", "bc"]));
/// ```
pub fn dedup_id<'a>(parts: impl IntoIterator<Item = &'a str>) -> DedupId {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut hash = OFFSET;
    let mut text = String::new();
    for part in parts {
        let length = (part.len() as u64).to_le_bytes();
        for byte in length.iter().chain(part.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        // The parts are kept apart as well: a hash alone could meet another one.
        if !text.is_empty() {
            text.push('/');
        }
        text.push_str(part);
    }
    let shown: String = text.chars().take(160).collect();
    format!("{shown}#{hash:016x}").into()
}
