use antflow::task;

#[task]
async fn tick() {}

fn main() {}
