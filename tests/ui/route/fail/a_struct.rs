use antflow::Route;

#[derive(Route)]
struct Page(String);

fn main() {}
