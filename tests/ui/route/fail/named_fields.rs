use antflow::Route;

#[derive(Route)]
enum Document {
    Text(String),
    Table { rows: Vec<u32>, factor: u32 },
}

fn main() {}
