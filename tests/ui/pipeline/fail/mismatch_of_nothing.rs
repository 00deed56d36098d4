use antflow::{pipeline, stage};

#[stage]
async fn print(line: String) {
    println!("{line}");
}

#[stage]
async fn count(line: String) -> usize {
    line.len()
}

fn main() {
    let _ = pipeline!(print >> count);
}
