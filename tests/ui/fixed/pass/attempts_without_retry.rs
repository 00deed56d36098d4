use antflow::stage;

// ANCHOR: fix
#[stage(retry = "per_task", attempts = 3, wait = "1s")]
async fn count(text: String) -> usize {
    text.len()
}
// ANCHOR_END: fix

fn main() {
    let _ = count {};
}
