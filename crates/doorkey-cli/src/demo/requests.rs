//! Who sent the emulator how many requests.

use doorkey_emulator::{Emulator, Endpoint, RecordedRequest};

/// The requests of one step.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Doorkey's own, by the name of the endpoint, in the order in which they came.
    ours: Vec<(&'static str, usize)>,
    /// The person's: pages and forms.
    persons: usize,
}

impl Requests {
    /// Those since the last call.
    pub(super) fn take(emulator: &Emulator) -> Self {
        let mut requests = Self::default();
        for request in emulator.requests() {
            match own_endpoint(&request) {
                Some(name) => requests.add(name),
                None => requests.persons += 1,
            }
        }
        emulator.clear_requests();
        requests
    }

    /// How many doorkey sent.
    pub(super) fn ours(&self) -> usize {
        self.ours.iter().map(|(_, count)| count).sum()
    }

    fn add(&mut self, name: &'static str) {
        match self.ours.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.ours.push((name, 1)),
        }
    }
}

impl std::fmt::Display for Requests {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} by doorkey", self.ours())?;
        if !self.ours.is_empty() {
            let each = |(name, count): &(&str, usize)| format!("{count} {name}");
            let each: Vec<String> = self.ours.iter().map(each).collect();
            write!(formatter, " ({})", each.join(", "))?;
        }
        if self.persons > 0 {
            write!(formatter, ", {} by the person", self.persons)?;
        }
        Ok(())
    }
}

/// The name of the endpoint, where it is one for programs; people see the others.
fn own_endpoint(request: &RecordedRequest) -> Option<&'static str> {
    match request.endpoint? {
        Endpoint::Authorize => None,
        Endpoint::Token => Some("token"),
        Endpoint::DeviceCode => Some("devicecode"),
        Endpoint::OpenIdConfiguration => Some("openid-configuration"),
        Endpoint::InstanceDiscovery => Some("instance discovery"),
        Endpoint::Jwks => Some("keys"),
        Endpoint::Resource => Some("resource"),
        _ => Some("other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_in_words() {
        let mut requests = Requests::default();
        assert_eq!(requests.to_string(), "0 by doorkey");
        requests.add("devicecode");
        requests.add("token");
        requests.add("token");
        requests.persons = 4;
        assert_eq!(
            requests.to_string(),
            "3 by doorkey (1 devicecode, 2 token), 4 by the person"
        );
    }
}
