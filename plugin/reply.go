package plugin

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// tokenMark stands for the caller's token in an answer that is kept: tokens are not written down, and a customer's may
// be another at the retry. No JSON and no header holds this byte.
const tokenMark = "\x00"

// maxReplyHeader bounds the headers of an answer that is kept, in bytes. Only notices of some hundred capped lines pass it.
const maxReplyHeader = cartcore.ReplyBytes / 2

// replyOf is an answer as it is kept. What is too large is compressed, which makes a tenth of a cart; what then is still
// too large is kept as done, and a retry is answered with the cart as the dialect's read prints it.
func replyOf(on *terms, token string, answer *adapters.Answer, now int64) *cartcore.Reply {
	reply := &cartcore.Reply{Key: on.Key, Print: on.Print, At: now, Status: answer.Status}
	if answer.Tag != nil {
		reply.Tag = answer.Tag[0]
	}
	bytesOfHeader := 0
	for i := range answer.Header {
		name := answer.Header[i].Name
		value := marked(answer.Header[i].Value, token)
		reply.Header = append(reply.Header, name, value)
		bytesOfHeader += len(name) + len(value)
	}
	// In a body the token is a whole JSON string.
	body := answer.Body
	if token != "" {
		body = bytes.ReplaceAll(body, []byte(`"`+token+`"`), []byte(tokenMark))
	}
	if len(body) > cartcore.ReplyBytes {
		reply.Form = cartcore.FormPacked
		reply.Size = len(body)
		body = packed(body)
	}
	reply.Body = body
	if len(body) > cartcore.ReplyBytes || bytesOfHeader > maxReplyHeader {
		reply.Form = cartcore.FormDone
		reply.Body = nil
		reply.Header = nil
	}
	return reply
}

// marked is text with the mark in place of the token.
func marked(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, tokenMark)
}

// packed compresses a body. Neither a writer into memory nor a level that exists has an error to give.
func packed(body []byte) []byte {
	var out bytes.Buffer
	writer, err := flate.NewWriter(&out, flate.BestSpeed)
	if err == nil {
		_, err = writer.Write(body)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		return body // which is too large to keep
	}
	return out.Bytes()
}

// answerOf is a kept answer with the caller's token in it; FormDone has no body and no headers.
func answerOf(reply *cartcore.Reply, token string) (*adapters.Answer, error) {
	answer := &adapters.Answer{Status: reply.Status, Body: reply.Body}
	if reply.Tag != "" {
		answer.Tag = []string{reply.Tag}
	}
	for i := 0; i+1 < len(reply.Header); i += 2 {
		value := strings.ReplaceAll(reply.Header[i+1], tokenMark, token)
		answer.Header = append(answer.Header, adapters.Header{Name: reply.Header[i], Value: value})
	}
	if reply.Form == cartcore.FormPacked {
		body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(reply.Body)), int64(reply.Size)+1))
		if err != nil {
			return nil, fmt.Errorf("reading a kept answer: %w", err)
		}
		if len(body) != reply.Size {
			return nil, fmt.Errorf("reading a kept answer: it has %d bytes, it must have %d", len(body), reply.Size)
		}
		answer.Body = body
	}
	answer.Body = bytes.ReplaceAll(answer.Body, []byte(tokenMark), []byte(`"`+token+`"`))
	return answer, nil
}
