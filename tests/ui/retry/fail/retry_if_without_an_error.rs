use antflow::stage;

#[stage(retry = "per_task", retry_if = is_transient)]
async fn count(text: String) -> usize {
    text.len()
}

fn is_transient(_: &std::io::Error) -> bool {
    true
}

fn main() {}
