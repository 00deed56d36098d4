use antflow::stage;

#[stage(retry = "per_task", max_wait = "10s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
