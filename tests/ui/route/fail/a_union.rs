use antflow::Route;

#[derive(Route)]
union Bits {
    whole: u32,
    bytes: [u8; 4],
}

fn main() {}
