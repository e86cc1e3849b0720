// Speaks as much of MongoDB's protocol as a client asks before it is let in, and refuses every user as MongoDB does:
// the server of the tests knows no users.
#pragma once

#include <bson/bson.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <string>
#include <thread>

#include "sink/bson.h"

namespace lochan {

class RefusingMongo {
 public:
  RefusingMongo() : thread_([this] { serve(); }) {}
  ~RefusingMongo() { ::shutdown(acceptor_.native_handle(), SHUT_RDWR); }
  RefusingMongo(const RefusingMongo&) = delete;
  RefusingMongo& operator=(const RefusingMongo&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  using Tcp = boost::asio::ip::tcp;
  struct Header {
    std::int32_t size = 0, id = 0, answers = 0, kind = 0;
  };
  static constexpr std::int32_t kReply = 1, kQuery = 2004, kMessage = 2013;

  void serve() {
    boost::system::error_code error;
    for (;;) {
      Tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      if (error) return;
      while (answer(socket)) {
      }
    }
  }

  // One question; false when the client has gone.
  static bool answer(Tcp::socket& socket) {
    boost::system::error_code error;
    Header header;
    boost::asio::read(socket, boost::asio::buffer(&header, sizeof header), error);
    if (error) return false;
    std::string question(static_cast<std::size_t>(header.size) - sizeof header, '\0');
    boost::asio::read(socket, boost::asio::buffer(question), error);
    if (error) return false;
    const Bson said = question.find("saslStart") == std::string::npos ? greeting() : refusal();
    std::string body(header.kind == kQuery ? 20 : 5, '\0');  // what stands before the document
    if (header.kind == kQuery) body[16] = 1;                 // one document
    body.append(reinterpret_cast<const char*>(bson_get_data(said.get())), said.get()->len);
    const Header back{static_cast<std::int32_t>(sizeof header + body.size()), 1, header.id,
                      header.kind == kQuery ? kReply : kMessage};
    std::string bytes(reinterpret_cast<const char*>(&back), sizeof back);
    boost::asio::write(socket, boost::asio::buffer(bytes + body), error);
    return !error;
  }

  static Bson greeting() {
    Bson mechanisms;
    mechanisms.add("0", "SCRAM-SHA-256");
    Bson said = Bson().add("ok", 1).add("ismaster", true).add("minWireVersion", 0).add("maxWireVersion", 13);
    bson_append_array(said.put(), "saslSupportedMechs", -1, mechanisms.get());
    return said;
  }
  static Bson refusal() {
    return Bson()
        .add("ok", 0)
        .add("errmsg", "Authentication failed.")
        .add("code", 18)
        .add("codeName", "AuthenticationFailed");
  }

  boost::asio::io_context context_;
  Tcp::acceptor acceptor_{context_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::jthread thread_;
};

}  // namespace lochan
