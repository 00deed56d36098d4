use std::process::Command;

/// A network of its own for processes, with a link to this machine that can be cut. Gone when this is dropped.
///
/// Only root may make one.
#[derive(Debug)]
pub struct Network {
    name: String,
    third: u8,
    fourth: u8,
}

impl Network {
    /// Makes one whose link is up.
    #[must_use]
    pub fn new() -> Self {
        let network = Self {
            name: format!("af{:08x}", fastrand::u32(..)),
            third: fastrand::u8(..),
            fourth: fastrand::u8(..64) * 4,
        };
        let (name, here, there) = (&network.name, network.link("h"), network.link("t"));
        ip(&["netns", "add", name]);
        ip(&["link", "add", &here, "type", "veth", "peer", "name", &there]);
        ip(&["link", "set", &there, "netns", name]);
        ip(&["addr", "add", &network.address(1), "dev", &here]);
        ip(&["link", "set", &here, "up"]);
        ip(&[
            "-n",
            name,
            "addr",
            "add",
            &network.address(2),
            "dev",
            &there,
        ]);
        ip(&["-n", name, "link", "set", &there, "up"]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        network
    }

    /// The address of this machine, as it is seen from within.
    #[must_use]
    pub fn host(&self) -> String {
        format!("10.201.{}.{}", self.third, self.fourth + 1)
    }

    /// All of its addresses.
    #[must_use]
    pub fn range(&self) -> String {
        format!("10.201.{}.{}/30", self.third, self.fourth)
    }

    /// A command that runs a program within.
    #[must_use]
    pub fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Cuts the link: what is sent is lost, and nobody is told.
    pub fn cut(&self) {
        ip(&["link", "set", &self.link("h"), "down"]);
    }

    /// Mends the link.
    pub fn mend(&self) {
        ip(&["link", "set", &self.link("h"), "up"]);
    }

    fn link(&self, end: &str) -> String {
        format!("{}{end}", self.name)
    }

    fn address(&self, last: u8) -> String {
        format!("10.201.{}.{}/30", self.third, self.fourth + last)
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Its link goes with it.
        let removed = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
        drop(removed);
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "ip is missing ({error}): run `make setup`, or `apt-get install -y --no-install-recommends iproute2`"
        )
    });
    assert!(
        output.status.success(),
        "`ip {}` failed, which only root may do: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}
