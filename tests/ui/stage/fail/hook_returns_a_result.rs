use antflow::{TaskContext, stage};

#[stage(on_success = note)]
async fn count(text: String) -> usize {
    text.len()
}

fn note(_: &TaskContext, output: &usize) -> Result<(), std::io::Error> {
    println!("{output}");
    Ok(())
}

fn main() {}
