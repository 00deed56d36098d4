use antflow::stage;

#[stage(retry = "per_task", wait = "10s", backoff = "exponential", max_wait = "1s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
