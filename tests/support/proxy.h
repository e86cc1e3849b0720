// A way to a server that a test can cut, slow and let go again, by Toxiproxy.
#pragma once

#include <string>

namespace lochan {

class Proxy {
 public:
  /// Leads to a port of 127.0.0.1, from one of its own.
  explicit Proxy(int upstream_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  /// The text with the server's port exchanged for the proxy's.
  std::string through(std::string url) const;

  /// Ends all connections and takes no new ones, until `restore`.
  void cut() const;
  /// Ends each connection when the server has sent so many bytes.
  void cut_after(int bytes) const;
  /// The same when so many were sent to the server.
  void cut_after_sent(int bytes) const;
  /// What the server sends comes so slowly, in kB a second.
  void narrow(int kilobytes) const;
  /// As above, but with a reset in place of an orderly end.
  void reset_after(int milliseconds) const;
  /// What the server sends arrives so much later.
  void delay(int milliseconds) const;
  void restore() const;

 private:
  void add_toxic(const std::string& json) const;

  int upstream_port_;
  std::string url_;  // of the proxy, at Toxiproxy
  int port_ = 0;
};

}  // namespace lochan
