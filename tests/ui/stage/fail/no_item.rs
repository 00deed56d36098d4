use antflow::{TaskContext, pipeline, stage};

#[stage]
async fn tick(cx: &TaskContext) -> u32 {
    cx.attempt()
}

#[stage]
async fn show(number: u32) {
    println!("{number}");
}

fn main() {
    // The mistake of one stage is not reported again where the stage is used.
    let _ = pipeline!(show >> tick >> show);
    let _ = pipeline!(tick.workers(2)).run([1, 2]);
}
