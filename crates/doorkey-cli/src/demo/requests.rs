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

    pub(super) fn of_doorkey(&self) -> String {
        let each = |(name, count): &(&str, usize)| format!("{count} {name}");
        let each: Vec<String> = self.ours.iter().map(each).collect();
        match each.as_slice() {
            [] => "0 by doorkey".to_owned(),
            _ => format!("{} by doorkey ({})", self.ours(), each.join(", ")),
        }
    }

    pub(super) fn of_the_person(&self) -> String {
        format!("{} by the person", self.persons)
    }

    fn add(&mut self, name: &'static str) {
        match self.ours.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.ours.push((name, 1)),
        }
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
        assert_eq!(requests.of_doorkey(), "0 by doorkey");
        requests.add("devicecode");
        requests.add("token");
        requests.add("token");
        requests.persons = 4;
        assert_eq!(
            requests.of_doorkey(),
            "3 by doorkey (1 devicecode, 2 token)"
        );
        assert_eq!(requests.of_the_person(), "4 by the person");
    }
}
