use antflow::task;

#[task(crate = elsewhere::antflow)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
