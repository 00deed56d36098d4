use antflow::task;

#[task(timeout = "1s", timeout = "2s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
