use antflow::task;

#[task(timeuot = "1s")]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
