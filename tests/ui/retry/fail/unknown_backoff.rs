use antflow::stage;

#[stage(retry = "per_task", backoff = "fixed")]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(retry = "per_task", on_wait = "keep")]
async fn trim(text: String) -> String {
    text
}

fn main() {}
