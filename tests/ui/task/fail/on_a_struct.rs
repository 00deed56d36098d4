use antflow::task;

#[task]
struct Measure;

fn main() {}
