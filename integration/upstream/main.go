// Command upstream is the trivial server behind the benchmarks: it answers every request with a cart's worth of JSON. It
// prints its address when it is ready.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
)

func main() {
	// As long as the shop dialect's answer for a cart of two lines.
	body := []byte(`{"success":true,"data":"` + strings.Repeat("x", 1200) + `"}`)
	length := strconv.Itoa(len(body))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body) // a client that has gone needs no answer
	})))
}
